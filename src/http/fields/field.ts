import { type Static, type TSchema, type TUnsafe, Type } from '@sinclair/typebox';
import { ExactNumber } from '../../database/json.js';
import type { FieldErrors } from '../errors.js';

/** Thrown for a wrong value: messages, or messages by key where the value is an object or a list. */
export class FieldError extends Error {
  constructor(readonly errors: string[] | FieldErrors) {
    super(JSON.stringify(errors));
  }

  static of(message: string): FieldError {
    return new FieldError([message]);
  }
}

/**
 * A field of a request body: its documentation and its parsing. `parse` gets any JSON value except null and undefined
 * and throws FieldError in Django REST Framework's words, which clients compare.
 */
export interface Field<T = unknown, Required extends boolean = boolean> {
  readonly schema: TSchema;
  readonly required: Required;
  readonly nullable: boolean;
  /** Whether "" is a value of its own; if not, an empty input of a form counts as null or as missing. */
  readonly blank: boolean;
  /** Whether it is a list; of other fields that a form repeats, the last value counts. */
  readonly many?: boolean;
  /** The codes to choose from. */
  readonly choices?: readonly string[];
  parse(value: unknown): T;
}

export const MESSAGES = {
  required: 'This field is required.',
  null: 'This field may not be null.',
  blank: 'This field may not be blank.',
  notText: 'Not a valid string.',
  nul: 'Null characters are not allowed.',
  surrogate: 'Not a valid string.',
  date: 'Date has wrong format. Use one of these formats instead: YYYY-MM-DD.',
  datetime:
    'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
  integer: 'A valid integer is required.',
  boolean: 'Must be a valid boolean.',
  email: 'Enter a valid email address.',
} as const;

/** Makes an optional field that may be neither null nor, unless it says so, blank. */
export function field<T>(schema: TSchema, parse: (value: unknown) => T, blank = false): Field<T, false> {
  return { schema, parse, blank, required: false, nullable: false };
}

/** Returns the same field, made mandatory. */
export function required<T>(inner: Field<T>): Field<T, true> {
  return { ...inner, required: true };
}

/** Returns the same field, which may also be null. */
export function nullable<T, R extends boolean>(inner: Field<T, R>): Field<T | null, R> {
  return { ...inner, nullable: true, schema: nullableSchema(inner.schema) };
}

/** Returns the schema with null allowed, as OpenAPI 3.0 writes it. */
export function nullableSchema<S extends TSchema>(schema: S): TUnsafe<Static<S> | null> {
  return Type.Unsafe({ ...schema, nullable: true });
}

/** Returns the same field with its default for the documentation. */
export function withDefault<T, R extends boolean>(inner: Field<T, R>, value: T): Field<T, R> {
  return { ...inner, schema: Type.Unsafe({ ...inner.schema, default: value }) };
}

/** Returns whether a JSON value is an object. */
export function isDictionary(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}

/** Returns the name of a value's type in Python, which DRF's messages mention. */
export function pythonType(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (isDictionary(value)) return 'dict';
  return /^-?\d+$/.test(String(value)) || Number.isInteger(value) ? 'int' : 'float';
}
