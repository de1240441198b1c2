import { foldText } from '../../database/folding.js';
import { invalidField } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';

/** What somebody looks for. */
export interface SearchQuery {
  /** All of it, folded, with single spaces. */
  readonly text: string;
  /** Its parts, each of which must occur. */
  readonly words: readonly string[];
  /** So many results of each kind at most. */
  readonly limit: number;
}

export const SHORTEST = 2;
export const LONGEST = 100;
export const LIMIT = { usual: 5, largest: 20 } as const;

/** More words than this are looked for as they follow each other. */
const MOST_WORDS = 6;

/** Reads `q` and `limit`. @throws HttpError 400 naming the one that is wrong */
export function readSearchQuery(query: QueryParameters): SearchQuery {
  const limit = query.integer('limit') ?? LIMIT.usual;
  if (limit < 1) throw invalidField('limit', 'Ensure this value is greater than or equal to 1.');
  if (limit > LIMIT.largest) {
    throw invalidField('limit', `Ensure this value is less than or equal to ${LIMIT.largest}.`);
  }
  const given = singleSpaced((query.text('q') ?? '').normalize('NFC'));
  if (given === '') throw invalidField('q', 'This field is required.');
  const text = singleSpaced(foldText(given));
  const { length } = [...given];
  // Accents, which are not looked for, may have been all there was.
  if (length < SHORTEST || [...text].length < SHORTEST) {
    throw invalidField('q', `Ensure this field has at least ${SHORTEST} characters.`);
  }
  if (length > LONGEST) throw invalidField('q', `Ensure this field has no more than ${LONGEST} characters.`);
  return { text, words: wordsOf(text), limit };
}

const singleSpaced = (text: string) => text.replace(/\s+/gu, ' ').trim();

function wordsOf(text: string): string[] {
  const words = text.split(' ');
  if (words.length <= MOST_WORDS) return [...new Set(words)];
  return [...words.slice(0, MOST_WORDS - 1), words.slice(MOST_WORDS - 1).join(' ')];
}
