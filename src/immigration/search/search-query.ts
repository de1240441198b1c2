import { foldText } from '../../database/folding.js';
import { invalidField } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';

/** A user's search. */
export interface SearchQuery {
  /** The whole text, folded, with single spaces. */
  readonly text: string;
  /** Its words, each of which must occur. */
  readonly words: readonly string[];
  /** Maximum number of results of each kind. */
  readonly limit: number;
}

export const SHORTEST = 2;
export const LONGEST = 100;
export const LIMIT = { usual: 5, largest: 20 } as const;

/** Maximum number of words that are searched for separately; the rest is one phrase. */
const MOST_WORDS = 6;

/** Parses `q` and `limit`. @throws HttpError 400 naming the wrong one */
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
  // The text may have consisted of accents only, which are not searched for.
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
