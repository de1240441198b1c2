import { Type } from '@sinclair/typebox';
import { ExactNumber, parseJson } from '../../database/json.js';
import { LONGEST_TEXT, MOST_KEYS } from './bounds.js';
import { type Field, FieldError, field, isDictionary, MESSAGES, pythonType } from './field.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** Maximum depth, which no useful value reaches. */
const DEEPEST = 50;

interface Counted {
  keys: number;
  characters: number;
}

/** Maximum number of digits of a number. */
const LONGEST_NUMBER = 1_000;

/**
 * Makes a field for an object with any keys and values, stored unchanged with all digits; in a form it is JSON. It has
 * at most 1,000 keys and items, and 100,000 characters, at all depths together.
 */
export function object(): Field<JsonObject, false> {
  const schema = Type.Object({}, { additionalProperties: {} as never, maxProperties: MOST_KEYS });
  return field(schema, (given) => {
    const value = typeof given === 'string' ? fromJson(given) : given;
    if (!isDictionary(value)) {
      throw FieldError.of(`Expected a dictionary of items but got type "${pythonType(value)}".`);
    }
    checkStorable(value, 1, { keys: 0, characters: 0 });
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
 * Checks that jsonb can hold a value, and that it is not too large.
 * @param counted the keys, items and characters so far
 * @throws FieldError for NUL, lone surrogates, excessive depth or size, and numbers that most programs could not read
 */
function checkStorable(value: unknown, depth: number, counted: Counted): void {
  if (typeof value === 'string') {
    counted.characters += value.length;
    if (counted.characters > LONGEST_TEXT)
      throw FieldError.of(`Ensure this value has no more than ${LONGEST_TEXT} characters in total.`);
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
  const keys = Object.keys(value);
  counted.keys += keys.length;
  if (counted.keys > MOST_KEYS)
    throw FieldError.of(`Ensure this value has no more than ${MOST_KEYS} keys and items in total.`);
  for (const key of keys) {
    checkStorable(key, depth, counted);
    checkStorable((value as JsonObject)[key], depth + 1, counted);
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
