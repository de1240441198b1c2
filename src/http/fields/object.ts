import { Type } from '@sinclair/typebox';
import { ExactNumber, parseJson } from '../../database/json.js';
import { type Field, FieldError, field, isDictionary, MESSAGES, pythonType } from './field.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** Maximum depth, which no useful value reaches. */
const DEEPEST = 50;

/** Maximum number of digits of a number. */
const LONGEST_NUMBER = 1_000;

/** Makes a field for an object with any keys and values, stored unchanged with all digits; in a form it is JSON. */
export function object(): Field<JsonObject, false> {
  const schema = Type.Object({}, { additionalProperties: {} as never });
  return field(schema, (given) => {
    const value = typeof given === 'string' ? fromJson(given) : given;
    if (!isDictionary(value)) {
      throw FieldError.of(`Expected a dictionary of items but got type "${pythonType(value)}".`);
    }
    checkStorable(value, 1);
    return value;
  });
}

function fromJson(text: string): unknown {
  try {
    return parseJson(text) ?? text;
  } catch {
    return text;
  }
}

/**
 * Checks that jsonb can hold a value.
 * @throws FieldError for NUL, lone surrogates, excessive depth, and numbers that most programs could not read
 */
function checkStorable(value: unknown, depth: number): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw FieldError.of(MESSAGES.nul);
    if (!value.isWellFormed()) throw FieldError.of(MESSAGES.surrogate);
  }
  if (value instanceof ExactNumber) {
    checkNumber(value);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST)
    throw FieldError.of(`Ensure this value is nested no more than ${DEEPEST} levels deep.`);
  for (const [key, inner] of Object.entries(value)) {
    checkStorable(key, depth);
    checkStorable(inner, depth + 1);
  }
}

/** Checks a number. @throws FieldError if it exceeds the range of a double (1e400, 1e-400) or has very many digits */
function checkNumber({ text }: ExactNumber): void {
  const rounded = Number(text);
  const vanishes = rounded === 0 && /[1-9]/.test(text.split(/e/i, 1)[0] as string);
  if (Number.isFinite(rounded) && !vanishes && text.length <= LONGEST_NUMBER) return;
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  throw FieldError.of(`The number ${shown} is out of range or too long; give it as a text.`);
}
