import { type TSchema, type TUnsafe, Type } from '@sinclair/typebox';
import { ExactNumber } from '../../database/json.js';
import { isLongerThan, LONGEST_TEXT, tooLong } from './bounds.js';
import { isEmail } from './e-mail.js';
import { type Field, FieldError, field, MESSAGES } from './field.js';

export interface TextOptions {
  /** Maximum number of characters (code points, as PostgreSQL counts them); 100,000 by default. */
  readonly max?: number;
  /** Minimum number of characters; 1: the text may not be blank. */
  readonly min?: number;
  /** Keeps leading and trailing spaces, for passwords. */
  readonly keepSpaces?: boolean;
  readonly writeOnly?: boolean;
}

const WHOLE = /^-?\d+$/;

/**
 * Parses text as DRF's CharField does: numbers become text, leading and trailing spaces go.
 * @throws FieldError also for what PostgreSQL cannot store: NUL and lone surrogates
 */
export function readText(value: unknown, options: TextOptions = {}): string {
  const { max = LONGEST_TEXT } = options;
  // A whole number keeps all its digits: 12345678901234567890.
  if (value instanceof ExactNumber && WHOLE.test(value.text)) return readText(value.text, options);
  if (typeof value !== 'string' && typeof value !== 'number') throw FieldError.of(MESSAGES.notText);
  // Parsing has lost digits beyond a number's precision: none are better than others.
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw FieldError.of(MESSAGES.notText);
  }
  const given = String(value);
  if (given.includes('\0')) throw FieldError.of(MESSAGES.nul);
  if (!given.isWellFormed()) throw FieldError.of(MESSAGES.surrogate);
  const text = options.keepSpaces ? given : given.trim();
  if (options.min && text === '') throw FieldError.of(MESSAGES.blank);
  if (options.min !== undefined && text.length < options.min * 2 && [...text].length < options.min) {
    throw FieldError.of(`Ensure this field has at least ${options.min} characters.`);
  }
  if (isLongerThan(text, max)) throw FieldError.of(tooLong(max));
  return text;
}

/** Makes a text field; "" clears it unless `min` is 1. */
export function text(options: TextOptions = {}): Field<string, false> {
  const { max = LONGEST_TEXT, min, writeOnly } = options;
  const schema = Type.String({
    ...(min !== undefined && { minLength: min }),
    maxLength: max,
    ...(writeOnly && { writeOnly }),
  });
  return field(schema, (value) => readText(value, options), !min);
}

/** Returns the schema of "one of these, or empty text". */
export function orBlank(schema: object): TUnsafe<string> {
  return Type.Unsafe({ oneOf: [schema, { enum: [''] }] });
}

/** Makes a field for an e-mail address, or "" for none unless `min` is 1. */
export function email(options: TextOptions = {}): Field<string, false> {
  const { max = 254, min } = options;
  const schema = Type.String({ format: 'email', maxLength: max, ...(min && { minLength: min }) });
  const parse = (value: unknown) => {
    const address = readText(value, { ...options, max });
    if (address !== '' && !isEmail(address)) throw FieldError.of(MESSAGES.email);
    return address;
  };
  return field(min ? schema : orBlank(schema), parse, !min);
}

export interface ChoiceOptions {
  /** The value that "" stands for; without it "" is rejected. */
  readonly blankAs?: string;
  /** The schema, where the documentation shows only the form of the text, not the list (countries, currencies). */
  readonly schema?: TSchema;
}

/** Makes a field for one of these texts. */
export function choice<T extends string>(values: readonly T[], options: ChoiceOptions = {}): Field<T, false> {
  const allowed = new Set<string>(values);
  const blank = options.blankAs !== undefined;
  const schema = Type.Unsafe({ type: 'string', enum: [...values] });
  const parse = (value: unknown) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw notAChoice(shown(value));
    const given = readText(value);
    if (given === '') {
      if (options.blankAs !== undefined) return options.blankAs as T;
      throw notAChoice('');
    }
    if (!allowed.has(given)) throw notAChoice(given);
    return given as T;
  };
  return { ...field(options.schema ?? (blank ? orBlank(schema) : schema), parse, blank), choices: values };
}

/** Abbreviates a value that is no text, which may be of any size and depth. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return '[…]';
  return typeof value === 'object'
    ? value instanceof ExactNumber
      ? value.text.slice(0, 100)
      : '{…}'
    : String(value);
}

function notAChoice(given: string): FieldError {
  return FieldError.of(`"${given}" is not a valid choice.`);
}
