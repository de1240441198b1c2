import { InvalidArgumentError } from 'commander';

/** Parses a record's id on the command line. @throws InvalidArgumentError for anything but a whole number from 1 */
export function parseId(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id) && id > 0) return id;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Collects the values of an argument that may be repeated. */
export function collectIds(text: string, before: readonly number[] | undefined): number[] {
  return [...(before ?? []), parseId(text)];
}
