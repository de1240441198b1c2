import type { FieldErrors } from '../../http/errors.js';
import type { Field } from '../../http/fields/field.js';
import { CLIENT_FIELDS, GENDERS } from '../shared/client-fields.js';
import { withoutApostrophes } from '../shared/csv.js';
import { longestCell, tooLongText } from './cell-lengths.js';
import type { ImportField } from './columns.js';
import { countryCode } from './country-names.js';
import { type DateFormat, isoDate } from './dates.js';

/** The interpretation of a file's cells. */
export interface Reading {
  /** The field of each column, or ''. */
  readonly fields: readonly (ImportField | '')[];
  readonly dateFormat: DateFormat;
}

/** A row's data on a client, as in a form sent to the API: texts by field, none of them empty. */
export type Given = Readonly<Partial<Record<string, string>>>;

const GENDER_WORDS: Readonly<Record<string, (typeof GENDERS)[number]>> = {
  m: 'MALE',
  man: 'MALE',
  f: 'FEMALE',
  woman: 'FEMALE',
  o: 'OTHER',
  x: 'OTHER',
};

type Meaning = (text: string, reading: Reading) => string;

const OWN_MEANINGS: Readonly<Partial<Record<string, Meaning>>> = {
  gender: (text) => GENDER_WORDS[text.toLowerCase()] ?? oneOf(GENDERS, text),
  country: countryCode,
};

/** The translations of a cell's text into what the field reads, where the two may differ. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries<Field>(CLIENT_FIELDS).flatMap(([name, field]) => {
    const meaning = OWN_MEANINGS[name] ?? meaningOf(field);
    return meaning ? [[name, meaning]] : [];
  }),
);

function meaningOf({ choices, schema }: Field): Meaning | undefined {
  if (choices) return (text) => oneOf(choices, text);
  return schema.format === 'date' ? (text, { dateFormat }) => isoDate(text, dateFormat) : undefined;
}

/**
 * Reads the cells of a row. Empty cells are skipped. Known words are translated (`female`, `Nepal`, `28/02/1990`);
 * others stay, for the field to parse or reject. A cell that is far too long for its field is a problem instead, so that
 * nothing looks for patterns in it.
 */
export function readCells(
  cells: readonly string[],
  reading: Reading,
): { readonly given: Given; readonly tooLong: FieldErrors } {
  const given: Record<string, string> = {};
  const tooLong: FieldErrors = {};
  for (const [column, field] of reading.fields.entries()) {
    if (field === '') continue;
    const cell = (cells[column] ?? '').trim();
    if (cell.length > longestCell(field)) {
      tooLong[field] = [tooLongText(field)];
      continue;
    }
    const text = withoutApostrophes(cell);
    if (text === '') continue;
    if (field === 'full_name') Object.assign(given, nameParts(text));
    else given[field] = MEANINGS.get(field)?.(text, reading) ?? text;
  }
  return { given, tooLong };
}

/** Returns whether a row has more cells than the header, as when a quote is missing. */
export function isTooLong(cells: readonly string[], columns: number): boolean {
  return cells.slice(columns).some((cell) => cell.trim() !== '');
}

/** Splits "First Middle Last", or "Last, First Middle". */
function nameParts(text: string): Record<string, string> {
  const [family = '', rest] = text.split(',', 2).map((part) => part.trim());
  const words = (rest || family).split(/\s+/);
  const first_name = words.shift() ?? '';
  const last_name = rest ? family : (words.pop() ?? '');
  const parts = { first_name, last_name, middle_name: words.join(' ') };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== ''));
}

function oneOf(choices: readonly string[], text: string): string {
  const word = text.toUpperCase().replace(/[^A-Z]+/g, '_');
  return choices.includes(word) ? word : text;
}
