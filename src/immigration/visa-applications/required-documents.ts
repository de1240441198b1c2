import { Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
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
  Type.Object({ name: Type.String(), received: Type.Boolean() }),
);

const schema = Type.Unsafe({ oneOf: [Type.String({ minLength: 1 }), RequiredDocument] });

/** Reads a document given by its name, or as {name, received}. @throws FieldError */
function readDocument(value: unknown): RequiredDocument {
  if (!isDictionary(value)) {
    return { name: readText(value, { min: 1 }), received: false };
  }
  const { name, received } = value;
  if (name === undefined || name === null) throw FieldError.of('A document needs a name.');
  return {
    name: readText(name, { min: 1 }),
    received: received === undefined || received === null ? false : boolean().parse(received),
  };
}

/** The documents of an application; each by its name, or as {name, received}. */
export function requiredDocuments(): Field<RequiredDocument[], false> {
  return list(field(schema, readDocument));
}
