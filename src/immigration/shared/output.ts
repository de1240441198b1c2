import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';

// Schemas that the answers of nearly all resources share.

const readOnly = { readOnly: true };

/** Returns the schema of a record's own id. */
export const idOutput = () => Type.Integer(readOnly);

/** Returns the schema of another record's id, or null. */
export const relatedOutput = () => nullableSchema(Type.Integer());

/** Returns the schema of another record's name; null where there is none. */
export const nameOutput = () => nullableSchema(Type.String(readOnly));

/** Returns the schema of a moment in UTC. */
export const timeOutput = () => Type.String({ format: 'date-time', ...readOnly });

/** Returns the schema of a code's label. */
export const labelOutput = () => Type.String(readOnly);

/** Returns the schema of `schema`, or empty text. */
export const orBlankOutput = (schema: object) => Type.Unsafe<string>({ oneOf: [schema, { enum: [''] }] });

/** Returns the schema of one of these texts. */
export const choiceOutput = <T extends string>(values: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

/** Returns the schemas of a record's creator, last editor and their times. */
export const stampsOutput = () => ({
  created_by: nullableSchema(Type.Integer(readOnly)),
  created_by_name: nameOutput(),
  created_at: timeOutput(),
  updated_by: nullableSchema(Type.Integer(readOnly)),
  updated_by_name: nameOutput(),
  updated_at: timeOutput(),
});

/** Returns the schema of a plain list of records to choose from. */
export const optionOutput = () =>
  ({ id: idOutput(), name: Type.String(readOnly) }) satisfies Record<string, TSchema>;

/** Another record by id and name. */
export const IdName = component('IdName', Type.Object({ id: Type.Integer(), name: Type.String() }));
export type IdName = Static<typeof IdName>;

/** Returns the schema of a nullable value, typed as such. */
export const nullableOutput = <S extends TSchema>(schema: S) =>
  Type.Unsafe<Static<S> | null>(nullableSchema(schema));
