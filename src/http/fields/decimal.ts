import { Type } from '@sinclair/typebox';
import { ExactNumber } from '../../database/json.js';
import { type Field, FieldError, field } from './field.js';

export interface DecimalOptions {
  /** Maximum number of digits, before and after the point together: `numeric(digits, places)`. */
  readonly digits: number;
  readonly places: number;
  /** Minimum, as DRF's message shows it: `0`. */
  readonly min?: string;
  /** Maximum. */
  readonly max?: string;
}

const NUMBER = /^([-+]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([-+]?\d{1,9}))?$/i;
const LONGEST = 1000;

/**
 * Parses a decimal number, given as a number or as text, and returns it with its fixed places: `1250.00`.
 * @throws FieldError in the words of DRF's DecimalField
 */
export function readDecimal(value: unknown, options: DecimalOptions): string {
  const { places, min, max } = options;
  const isRead = typeof value === 'number' || typeof value === 'string' || value instanceof ExactNumber;
  const text = isRead ? String(value).trim() : '';
  if (text.length > LONGEST) throw FieldError.of('String value too large.');
  const match = NUMBER.exec(text);
  if (!match) throw FieldError.of('A valid number is required.');
  const [, sign = '', whole = '', fraction = match[4] ?? '', , exponent = '0'] = match;
  checkDigits(whole + fraction, Number(exponent) - fraction.length, options);
  const scaled = scale(sign, whole + fraction, Number(exponent) - fraction.length + places);
  if (min !== undefined && scaled < scaledBound(min, places)) {
    throw FieldError.of(`Ensure this value is greater than or equal to ${min}.`);
  }
  if (max !== undefined && scaled > scaledBound(max, places)) {
    throw FieldError.of(`Ensure this value is less than or equal to ${max}.`);
  }
  return written(scaled, places);
}

/**
 * Checks the number of digits as Python counts them: those written, with the zeros that an exponent adds.
 * @param coefficient all written digits
 * @param exponent of the last of them
 */
function checkDigits(coefficient: string, exponent: number, { digits, places }: DecimalOptions): void {
  const significant = coefficient.replace(/^0+(?=\d)/, '').length;
  const after = Math.max(0, -exponent);
  const total = exponent >= 0 ? significant + exponent : Math.max(significant, after);
  if (total > digits) throw FieldError.of(`Ensure that there are no more than ${digits} digits in total.`);
  if (after > places) throw FieldError.of(`Ensure that there are no more than ${places} decimal places.`);
  if (total - after > digits - places) {
    throw FieldError.of(
      `Ensure that there are no more than ${digits - places} digits before the decimal point.`,
    );
  }
}

/** Returns a number as a whole number of its last places. */
function scale(sign: string, coefficient: string, zeros: number): bigint {
  const amount = BigInt(coefficient + '0'.repeat(zeros));
  return sign === '-' ? -amount : amount;
}

function scaledBound(bound: string, places: number): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(bound) ?? [];
  return scale(sign, whole + fraction, places - fraction.length);
}

function written(scaled: bigint, places: number): string {
  const amount = String(scaled < 0n ? -scaled : scaled).padStart(places + 1, '0');
  const sign = scaled < 0n ? '-' : '';
  return places === 0 ? sign + amount : `${sign}${amount.slice(0, -places)}.${amount.slice(-places)}`;
}

/**
 * Makes a field for a decimal number, as text with its fixed places. For amounts, which may not be negative: `min:
 * '0'`.
 */
export function decimal(options: DecimalOptions): Field<string, false> {
  const { digits, places, min, max } = options;
  const range = max === undefined ? min && `at least ${min}` : `${min ?? 'at most'} to ${max}`;
  const schema = Type.String({
    format: 'decimal',
    pattern: `^-?\\d{0,${digits - places}}(?:\\.\\d{0,${places}})?$`,
    ...(range && { description: range }),
  });
  return field(schema, (value) => readDecimal(value, options));
}
