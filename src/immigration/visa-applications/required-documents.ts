import { Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { LONGEST_ITEM } from '../../http/fields/bounds.js';
import { type Field, FieldError, field, isDictionary } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { boolean } from '../../http/fields/scalar.js';
import { readText } from '../../http/fields/text.js';

/** A document that an application needs, and whether the client has brought it. */
export interface RequiredDocument {
  readonly name: string;
  readonly received: boolean;
}

export const RequiredDocument = component(
  'RequiredDocument',
  Type.Object({ name: Type.String({ maxLength: LONGEST_ITEM }), received: Type.Boolean() }),
);

/** A document in a request, where `received` may be omitted. */
export interface GivenDocument {
  readonly name: string;
  readonly received?: boolean;
}

const schema = Type.Unsafe({
  oneOf: [Type.String({ minLength: 1, maxLength: LONGEST_ITEM }), RequiredDocument],
});

/** Parses a document given by its name, or as {name, received}. @throws FieldError */
function readDocument(value: unknown): GivenDocument {
  if (!isDictionary(value)) {
    return { name: readText(value, { min: 1, max: LONGEST_ITEM }) };
  }
  const { name, received } = value;
  if (name === undefined || name === null) throw FieldError.of('A document needs a name.');
  return {
    name: readText(name, { min: 1, max: LONGEST_ITEM }),
    ...(received !== undefined && received !== null && { received: boolean().parse(received) }),
  };
}

/** Makes a field for the documents of an application; each by its name, or as {name, received}. */
export function requiredDocuments(): Field<GivenDocument[], false> {
  return list(field(schema, readDocument));
}

/**
 * Returns the documents to store. A document given without `received` keeps the stored value of its name, since forms
 * send bare names of all documents when something else is changed; several with the same name are matched in order. A new
 * one was not received.
 * @param stored the application's documents before the change
 */
export function withReceived(
  given: readonly GivenDocument[],
  stored: readonly RequiredDocument[] = [],
): RequiredDocument[] {
  const known = new Map<string, boolean[]>();
  for (const { name, received } of stored) known.set(name, [...(known.get(name) ?? []), received]);
  return given.map(({ name, received }) => {
    const before = known.get(name)?.shift() ?? false;
    return { name, received: received ?? before };
  });
}
