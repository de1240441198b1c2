import type { TSchema } from '@sinclair/typebox';
import fastJson from 'fast-json-stringify';
import { withExactNumbers } from '../database/json.js';

type Node = Readonly<Record<string, unknown>>;

/**
 * Returns the serialiser of answers by their schema, which is faster than JSON.stringify and omits what the schema does
 * not name. Compiled at the first use: a hundred of them would delay the start.
 */
export function serializerFor({ schema }: { schema: TSchema }): (data: unknown) => string {
  let write: ((data: unknown) => string) | undefined;
  return (data) => {
    write ??= fastJson(forWriting(schema) as Parameters<typeof fastJson>[0]);
    return withExactNumbers(write(data));
  };
}

/**
 * Returns the part of a schema that decides how a value is written. "One of these texts, or empty text" is a text:
 * otherwise the serialiser would test each value against each alternative.
 */
function forWriting(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forWriting);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { oneOf, nullable, ...rest } = schema as Node;
  if (Array.isArray(oneOf) && oneOf.every(isText))
    return { type: 'string', ...(nullable === true && { nullable }) };
  const children = Object.entries({ ...rest, ...(oneOf !== undefined && { oneOf }) });
  return {
    ...Object.fromEntries(children.map(([key, value]) => [key, forWriting(value)])),
    ...(nullable !== undefined && { nullable }),
  };
}

function isText(alternative: Node): boolean {
  const { type, enum: values } = alternative;
  return type === 'string' || (Array.isArray(values) && values.every((value) => typeof value === 'string'));
}
