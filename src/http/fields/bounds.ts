import type { TSchema } from '@sinclair/typebox';

/** Maximum number of characters of a text whose field names no other. */
export const LONGEST_TEXT = 100_000;
/** Maximum number of characters of a text in a list of names. */
export const LONGEST_ITEM = 1_000;
/** Maximum number of items of a list whose field names no other. */
export const MOST_ITEMS = 1_000;
/** Maximum number of ids in a request that changes many records at once. */
export const MOST_IDS = 10_000;
/** Maximum number of keys and items of an object with any content, at all depths together. */
export const MOST_KEYS = 1_000;

/** Formats of texts that are short by their form, and of files, whose size the route limits. */
const BOUNDED_FORMATS = new Set(['date', 'date-time', 'time', 'decimal', 'binary']);
/** Quantifiers without an upper limit. */
const ENDLESS = /[*+]|\{\d+,\}/;

/**
 * Checks that everything in a body's schema has a maximum: texts, lists, and objects with any keys.
 * @param place what the schema is of, for the message
 * @throws Error that names what has none
 */
export function requireBounds(schema: TSchema, place: string): void {
  const { type, items, properties = {}, oneOf, additionalProperties } = schema;
  const missing = (keyword: string) =>
    new Error(`${place} has no ${keyword}: whatever is sent needs a bound`);
  if (oneOf) for (const alternative of oneOf as TSchema[]) requireBounds(alternative, place);
  if (type === 'string' && !isBoundedText(schema)) throw missing('maxLength');
  if (type === 'array') {
    if (schema.maxItems === undefined) throw missing('maxItems');
    requireBounds(items as TSchema, `${place}[]`);
  }
  if (additionalProperties && schema.maxProperties === undefined) throw missing('maxProperties');
  for (const [name, inner] of Object.entries<TSchema>(properties)) requireBounds(inner, `${place}.${name}`);
}

function isBoundedText({ maxLength, enum: values, format, pattern }: TSchema): boolean {
  if (maxLength !== undefined || values !== undefined || BOUNDED_FORMATS.has(format)) return true;
  return pattern !== undefined && !ENDLESS.test(pattern);
}

/**
 * Returns whether a text has more characters (code points) than this. Counting them is slow, and unnecessary where the
 * UTF-16 length decides.
 */
export function isLongerThan(text: string, max: number): boolean {
  return text.length > max && (text.length > 2 * max || [...text].length > max);
}

/** Returns the message for a text that is too long. */
export function tooLong(max: number): string {
  return `Ensure this field has no more than ${max} characters.`;
}

/** Returns the message for a list that is too long. */
export function tooMany(max: number): string {
  return `Ensure this field has no more than ${max} elements.`;
}
