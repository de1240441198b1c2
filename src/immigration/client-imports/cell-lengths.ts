import type { TSchema } from '@sinclair/typebox';
import { tooLong } from '../../http/fields/bounds.js';
import { CLIENT_FIELDS } from '../shared/client-fields.js';
import type { ImportField } from './columns.js';

/**
 * Maximum length of a cell, also where its field takes less: the field's own rules then say what is wrong with it. Ample
 * for a full name, and for the name of a record.
 */
const SHORT = 400;
/** Maximum number of characters of each field; where it has none of its own, that of its cells. */
const LONGEST: ReadonlyMap<ImportField, number> = new Map(
  Object.entries(CLIENT_FIELDS).map(([name, { schema }]) => [
    name as ImportField,
    maxLengthOf(schema) ?? SHORT,
  ]),
);

/** Returns the maximum length of a cell for this field, in UTF-16 code units, of which a character has one or two. */
export function longestCell(field: ImportField): number {
  return Math.max(SHORT, 2 * longestOf(field));
}

/** Returns the error for a longer cell, in the words of the API. */
export function tooLongText(field: ImportField): string {
  return tooLong(longestOf(field));
}

function longestOf(field: ImportField): number {
  return LONGEST.get(field) ?? SHORT;
}

function maxLengthOf({ maxLength, oneOf = [] }: TSchema): number | undefined {
  return maxLength ?? oneOf.map(maxLengthOf).find((length: number | undefined) => length !== undefined);
}
