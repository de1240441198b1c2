import type { TSchema } from '@sinclair/typebox';

/** Marks a schema that stands under its own name in the OpenAPI document. */
export const COMPONENT = 'x-component';

/** Names a schema: the OpenAPI document refers to it wherever it is used. */
export function component<S extends TSchema>(name: string, schema: S): S {
  return { ...schema, [COMPONENT]: name };
}
