import { Type } from '@sinclair/typebox';
import { type Field, FieldError, field, MESSAGES, pythonType } from './field.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** Deeper than anything that is meant to be read again. */
const DEEPEST = 50;

/** An object of any keys and values, to be kept as it is; a form gives it as JSON. */
export function object(): Field<JsonObject, false> {
  const schema = Type.Object({}, { additionalProperties: {} as never });
  return field(schema, (given) => {
    const value = typeof given === 'string' ? fromJson(given) : given;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw FieldError.of(`Expected a dictionary of items but got type "${pythonType(value)}".`);
    }
    checkStorable(value, 1);
    return value as JsonObject;
  });
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) ?? text;
  } catch {
    return text;
  }
}

/** @throws FieldError for what PostgreSQL's jsonb cannot hold: NUL, lone surrogates, depth without end */
function checkStorable(value: unknown, depth: number): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw FieldError.of(MESSAGES.nul);
    if (!value.isWellFormed()) throw FieldError.of(MESSAGES.surrogate);
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST)
    throw FieldError.of(`Ensure this value is nested no more than ${DEEPEST} levels deep.`);
  for (const [key, inner] of Object.entries(value)) {
    checkStorable(key, depth);
    checkStorable(inner, depth + 1);
  }
}
