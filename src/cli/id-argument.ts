import { InvalidArgumentError } from 'commander';

/** Returns a record's id on the command line. @throws InvalidArgumentError for anything but a whole number from 1 */
export function parseId(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id) && id > 0) return id;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** For arguments that may be given several times. */
export function collectIds(text: string, before: readonly number[] | undefined): number[] {
  return [...(before ?? []), parseId(text)];
}
