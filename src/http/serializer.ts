import type { TSchema } from '@sinclair/typebox';
import fastJson from 'fast-json-stringify';

/**
 * Serialises answers by their schema, which is quicker than JSON.stringify and leaves out what the schema does not
 * name. Made at the first use: a hundred of them at the start would be felt.
 */
export function serializerFor({ schema }: { schema: TSchema }): (data: unknown) => string {
  let write: ((data: unknown) => string) | undefined;
  return (data) => {
    write ??= fastJson(schema as unknown as Parameters<typeof fastJson>[0]);
    return write(data);
  };
}
