import { type Static, type TProperties, type TSchema, type TUnsafe, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import type { Parsed, Shape } from '../../http/fields/body.js';
import { LONGEST_TEXT } from '../../http/fields/bounds.js';
import { nullableSchema } from '../../http/fields/field.js';

// Schemas that the answers of nearly all resources share.

export const readOnly = { readOnly: true };

/** Returns the schema of a record's own id. */
export const idOutput = () => Type.Integer(readOnly);

/** Returns the schema of another record's id, or null. */
export const relatedOutput = (options: object = {}) => nullableSchema(Type.Integer(options));

/** Returns the schema of another record's name; null where there is none. */
export const nameOutput = (options: object = readOnly) => nullableSchema(Type.String(options));

/** Returns the schema of a moment in UTC. */
export const timeOutput = (options: object = readOnly) => Type.String({ format: 'date-time', ...options });

/** Returns the schema of a date. */
export const dayOutput = (options: object = {}) => Type.String({ format: 'date', ...options });

/** Returns the schema of a number of records. */
export const countOutput = (options: object = readOnly) => Type.Integer(options);

/** Returns the schema of a code's label. */
export const labelOutput = () => Type.String(readOnly);

/** Returns the schema of one of these texts. */
export const choiceOutput = <T extends string>(values: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

/**
 * Returns the schemas of a body's fields for answers: without minimum lengths, defaults, and the bounds of what has no
 * other, which other writers may exceed.
 */
export function outputsOf<S extends Shape>(shape: S): { [F in keyof S]: TUnsafe<Parsed<S[F]>> } {
  const shown = Object.entries(shape).map(([name, { schema }]) => {
    const { minLength: _minLength, default: _default, maxLength, maxItems: _maxItems, ...rest } = schema;
    const isOwn = maxLength !== undefined && maxLength < LONGEST_TEXT;
    return [name, Type.Unsafe({ ...rest, ...(isOwn && { maxLength }) })];
  });
  return Object.fromEntries(shown);
}

/** Returns the same properties in another order. @param names the first ones, separated by spaces */
export function inOrder<P extends TProperties>(names: string, properties: P): P {
  const first = names.trim().split(/\s+/);
  const unknown = first.find((name) => !(name in properties));
  if (unknown !== undefined) throw new Error(`there is no property "${unknown}" to be put in order`);
  return { ...Object.fromEntries(first.map((name) => [name, properties[name]])), ...properties };
}

/** Returns the schemas of a record's creator, last editor and their times. */
export const stampsOutput = () => ({
  created_by: relatedOutput(readOnly),
  created_by_name: nameOutput(),
  created_at: timeOutput(),
  updated_by: relatedOutput(readOnly),
  updated_by_name: nameOutput(),
  updated_at: timeOutput(),
});

/** Returns the schema of a plain list of records to choose from. */
export const optionOutput = () =>
  ({ id: idOutput(), name: Type.String(readOnly) }) satisfies Record<string, TSchema>;

/** Another record by id and name. */
export const IdName = component('IdName', Type.Object({ id: Type.Integer(), name: Type.String() }));
export type IdName = Static<typeof IdName>;
