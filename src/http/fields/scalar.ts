import { Type } from '@sinclair/typebox';
import { ExactNumber } from '../../database/json.js';
import { type Field, FieldError, field, MESSAGES, nullable } from './field.js';

const INTEGER = /^\s*[-+]?\d+(?:\.0*)?\s*$/;
const LONGEST_NUMBER = 1000;

/** Parses a whole number from a number or its digits. @throws FieldError */
export function readInteger(given: unknown): number {
  const value = given instanceof ExactNumber ? given.text : given;
  if (typeof value !== 'number' && typeof value !== 'string') throw FieldError.of(MESSAGES.integer);
  if (typeof value === 'string') {
    if (value.length > LONGEST_NUMBER) throw FieldError.of('String value too large.');
    if (!INTEGER.test(value)) throw FieldError.of(MESSAGES.integer);
  }
  const number = Number(value);
  if (!Number.isInteger(number)) throw FieldError.of(MESSAGES.integer);
  return number;
}

/** Makes a field for a whole number; within `min` and `max` where they are given. */
export function integer(range: { min?: number; max?: number } = {}): Field<number, false> {
  const { min, max } = range;
  const schema = Type.Integer({
    ...(min !== undefined && { minimum: min }),
    ...(max !== undefined && { maximum: max }),
  });
  return field(schema, (value) => {
    const number = readInteger(value);
    if (min !== undefined && number < min) {
      throw FieldError.of(`Ensure this value is greater than or equal to ${min}.`);
    }
    if (max !== undefined && number > max) {
      throw FieldError.of(`Ensure this value is less than or equal to ${max}.`);
    }
    return number;
  });
}

const TRUE = new Set(['t', 'true', 'y', 'yes', 'on', '1']);
const FALSE = new Set(['f', 'false', 'n', 'no', 'off', '0', '0.0']);

/** Makes a field for true or false, in any of the spellings that DRF accepts. */
export function boolean(): Field<boolean, false> {
  return field(Type.Boolean(), (value) => {
    if (typeof value === 'boolean') return value;
    const word = typeof value === 'number' || typeof value === 'string' ? String(value).toLowerCase() : '';
    if (TRUE.has(word)) return true;
    if (FALSE.has(word)) return false;
    throw FieldError.of(MESSAGES.boolean);
  });
}

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;

/** Parses a calendar date that exists and returns it as YYYY-MM-DD. @throws FieldError */
export function readDate(value: unknown): string {
  const match = typeof value === 'string' ? DATE.exec(value.trim()) : null;
  if (!match) throw FieldError.of(MESSAGES.date);
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  if (year < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw FieldError.of(MESSAGES.date);
  return date.toISOString().slice(0, 10);
}

/** Makes a field for a date. */
export function date(): Field<string, false> {
  return field(Type.String({ format: 'date' }), readDate);
}

/** Makes a field for a date or null. "" counts as null, in JSON too, for forms that send empty inputs. */
export function dateOrEmpty(): Field<string | null, false> {
  const isEmpty = (value: unknown) => typeof value === 'string' && value.trim() === '';
  return { ...nullable(date()), parse: (value) => (isEmpty(value) ? null : readDate(value)) };
}
