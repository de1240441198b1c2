import { notFound } from './errors.js';

const ID = /^\d{1,16}$/;

/**
 * The id in a path. What is no integer, or larger than any id, is answered like an id that does not exist.
 * @throws HttpError 404 "<Thing> not found"
 */
export function pathId(given: string | undefined, thing: string): number {
  const id = given !== undefined && ID.test(given) ? Number(given) : 0;
  if (!isId(id)) throw notFound(thing);
  return id;
}

/** Whether a number can be a record's id at all. */
export function isId(number: number): boolean {
  return Number.isSafeInteger(number) && number > 0;
}
