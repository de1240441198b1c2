import type { FastifyRequest } from 'fastify';
import { textError } from '../errors.js';
import { isDictionary } from './field.js';

/**
 * Rejects an action whose one argument is missing: null, empty text and an empty list count as missing. A wrong value,
 * or a body that is no object, is left to the parsing of the body.
 * @throws HttpError 400 `{"error": message}`
 */
export function requireArgument({ body = {} }: FastifyRequest, name: string, message: string): void {
  if (!isDictionary(body)) return;
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  const isEmpty = value === undefined || value === null || value === '';
  if (isEmpty || (Array.isArray(value) && value.length === 0)) throw textError(400, message);
}
