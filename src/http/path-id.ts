import { type HttpError, notFound } from './errors.js';

const ID = /^\d{1,16}$/;

/**
 * Parses the id in a path. What is no integer, or larger than any id, is answered like an id that does not exist.
 * @param missing the error to throw: the name of the thing, for 404 "<Thing> not found", or a function that makes it
 * @throws HttpError 404
 */
export function pathId(given: string | undefined, missing: string | (() => HttpError)): number {
  const id = given !== undefined && ID.test(given) ? Number(given) : 0;
  if (!isId(id)) throw typeof missing === 'string' ? notFound(missing) : missing();
  return id;
}

/** Returns whether a number can be a record's id. */
export function isId(number: number): boolean {
  return Number.isSafeInteger(number) && number > 0;
}
