import { allOf, anywhere } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { lookedUp, type TrigramShares } from '../shared/trigram-shares.js';
import type { SearchQuery } from './search-query.js';

/** A search in a folded text of records, in which each field stands between two separators. */
export interface Sought {
  /** The possible spellings of each word. */
  readonly words: readonly (readonly string[])[];
  /** The possible spellings of the whole text. */
  readonly phrases: readonly string[];
  /** The score of an exact match, at most 1. */
  readonly best: number;
}

/** Returns the search for the text as it was typed. */
export function asAsked({ text, words }: SearchQuery): Sought {
  return { words: words.map((word) => [word]), phrases: [text], best: 1 };
}

/** The separator between the fields of a text. */
export const SEPARATOR = '\x1f';

/** Returns these texts, each between two separators; folded where an accent may occur. */
export function separated(texts: readonly Sql[]): Sql<string> {
  return sql`(E'\\x1f' || ${sql.join(texts, sql` || E'\\x1f' || `)} || E'\\x1f')`;
}

/** Minimum number of letters that an index of trigrams can find. */
const TRIGRAM = 3;
const HAN = /\p{Script=Han}/u;

/**
 * Returns the LIKE patterns of a word: anywhere; a word too short for the index only at the beginning of a word, where
 * the index finds it and the match is more than chance. Chinese names are such short words, and may stand anywhere.
 */
function places(word: string): string[] {
  if (word.length >= TRIGRAM || HAN.test(word)) return [anywhere(word)];
  return [anywhere(SEPARATOR + word), anywhere(` ${word}`)];
}

/** Returns whether an index finds the candidates. */
export function isIndexed({ words }: Sought): boolean {
  return words.some((spellings) => spellings.every((word) => word.length >= TRIGRAM || !HAN.test(word)));
}

/**
 * Returns the condition that every word occurs in the text.
 * @param shares of trigrams, where the text has an index of them
 */
export function fits({ words }: Sought, text: Sql<string>, shares?: TrigramShares): Sql<boolean> {
  return allOf(
    words.map((spellings) => {
      const [word = '', ...others] = spellings;
      const part = others.length === 0 ? shares?.partToLookUp(word) : undefined;
      if (part !== undefined) return lookedUp(text, anywhere(word), part);
      return sql`${text} LIKE ANY (${spellings.flatMap(places)}::text[])`;
    }),
  );
}

/**
 * Returns the score: 1 where a field equals the search text, 0.9 where it begins with it, 0.8 where a word does, else
 * 0.7.
 */
export function score({ phrases, best }: Sought, text: Sql<string>): Sql<number> {
  const occurs = (pattern: (phrase: string) => string) =>
    sql`${text} LIKE ANY (${phrases.map((phrase) => anywhere(pattern(phrase)))}::text[])`;
  return sql`(${best}::float8 * CASE
    WHEN ${occurs((phrase) => SEPARATOR + phrase)} THEN
      CASE WHEN ${occurs((phrase) => SEPARATOR + phrase + SEPARATOR)} THEN 1::float8 ELSE 0.9::float8 END
    WHEN ${occurs((phrase) => ` ${phrase}`)} THEN 0.8::float8
    ELSE 0.7::float8 END)`;
}
