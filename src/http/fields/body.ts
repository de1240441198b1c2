import { type TObject, type TProperties, Type } from '@sinclair/typebox';
import { component } from '../component.js';
import { type FieldErrors, invalid } from '../errors.js';
import { requireBounds } from './bounds.js';
import { type Field, FieldError, isDictionary, MESSAGES, pythonType } from './field.js';

/** Maximum number of characters of an unknown field's name that the message shows. */
const LONGEST_SHOWN = 40;

export type Shape = Readonly<Record<string, Field>>;

export type Parsed<F> = F extends Field<infer T, boolean> ? T : never;
type RequiredKeys<S extends Shape> = {
  [K in keyof S]: S[K] extends Field<unknown, true> ? K : never;
}[keyof S];

/** The parsed body of a shape: only fields that were given. */
export type Input<S extends Shape> = { [K in RequiredKeys<S>]: Parsed<S[K]> } & {
  [K in Exclude<keyof S, RequiredKeys<S>>]?: Parsed<S[K]>;
};

/**
 * The input of a request before it is read. A change reads it once the record was found, since a record that does not
 * exist or is out of reach is answered first: 404 and 403 come before 400.
 */
export interface LateInput<T> {
  /** @throws HttpError 400 with messages under every field that is wrong */
  read(): T;
}

/** A request body: documented by `schema`, read by `parse`. */
export interface Body<S extends Shape = Shape> {
  readonly shape: S;
  readonly schema: TObject;
  /**
   * Parses a body; fields that the shape does not name are ignored.
   * @param form whether it is a form, where "" may stand for null or for nothing
   * @throws HttpError 400 with messages under every wrong field
   */
  parse(value: unknown, form: boolean): Input<S>;
}

/**
 * Makes a body of these fields.
 * @param name its name in the documentation
 * @throws Error for a field without a bound: a body that could be declared without one would be served without one
 */
export function body<S extends Shape>(name: string, shape: S): Body<S> {
  const properties: TProperties = {};
  for (const [key, { schema, required }] of Object.entries(shape)) {
    requireBounds(schema, `${name}.${key}`);
    properties[key] = required ? schema : Type.Optional(schema);
  }
  return {
    shape,
    schema: component(name, Type.Object(properties)),
    parse: (value, form) => readObject(shape, value, form) as Input<S>,
  };
}

/**
 * Makes a body that rejects unknown fields: for selections of records, where ignoring a mistyped field would select
 * more of them.
 * @param name its name in the documentation
 */
export function strictBody<S extends Shape>(name: string, shape: S): Body<S> {
  const lenient = body(name, shape);
  const known = Object.keys(shape);
  return {
    ...lenient,
    parse: (value, form) => {
      const input = lenient.parse(value, form);
      const unknown = Object.keys(value as object).find((key) => !known.includes(key));
      if (unknown === undefined) return input;
      const shown = JSON.stringify(unknown.slice(0, LONGEST_SHOWN));
      throw invalid({ non_field_errors: [`There is no field ${shown}; there are ${known.join(', ')}.`] });
    },
  };
}

/** Returns the same fields, none of them required: for PATCH, and for PUT, which also changes only what is given. */
export function optional<S extends Shape>(shape: S): { [K in keyof S]: Field<Parsed<S[K]>, false> } {
  const entries = Object.entries(shape).map(([key, field]) => [key, { ...field, required: false }]);
  return Object.fromEntries(entries);
}

function readObject(shape: Shape, value: unknown, form: boolean): Record<string, unknown> {
  if (value === null) throw invalid({ non_field_errors: ['No data provided'] });
  if (!isDictionary(value)) {
    throw invalid({
      non_field_errors: [`Invalid data. Expected a dictionary, but got ${pythonType(value)}.`],
    });
  }
  const input: Record<string, unknown> = {};
  const errors: FieldErrors = {};
  for (const [key, field] of Object.entries(shape)) {
    try {
      const result = readField(field, Object.hasOwn(value, key) ? value[key] : undefined, form);
      if (result !== undefined) input[key] = result;
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      errors[key] = error.errors;
    }
  }
  if (Object.keys(errors).length > 0) throw invalid(errors);
  return input;
}

function readField(field: Field, given: unknown, form: boolean): unknown {
  let value = given;
  if (form && given !== undefined) value = fromForm(field, given);
  if (form && value === '' && !field.blank) value = field.nullable ? null : field.required ? '' : undefined;
  if (value === undefined) {
    if (field.required) throw FieldError.of(MESSAGES.required);
    return undefined;
  }
  if (value === null) {
    if (!field.nullable) throw FieldError.of(MESSAGES.null);
    return null;
  }
  return field.parse(value);
}

/** Returns the value of a field in a form, where a list is a repeated field. */
function fromForm({ many }: Field, given: unknown): unknown {
  if (many) return Array.isArray(given) ? given : given === '' ? [] : [given];
  return Array.isArray(given) ? given.at(-1) : given;
}
