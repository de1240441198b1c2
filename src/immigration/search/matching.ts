import { allOf, anywhere } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { SearchQuery } from './search-query.js';

/** What is looked for in a text of records, which is folded, and whose fields each stand between two separators. */
export interface Sought {
  /** Of each word, how it may be spelt. */
  readonly words: readonly (readonly string[])[];
  /** All of it; how it may be spelt. */
  readonly phrases: readonly string[];
  /** The score of what is just that, at most 1. */
  readonly best: number;
}

/** Looking for what was asked as it was asked. */
export function asAsked({ text, words }: SearchQuery): Sought {
  return { words: words.map((word) => [word]), phrases: [text], best: 1 };
}

/** Stands between the fields of a text. */
export const SEPARATOR = '\x1f';

/** These texts, each between two separators; folded where an accent may occur. */
export function separated(texts: readonly RawBuilder<unknown>[]): RawBuilder<string> {
  return sql`(E'\\x1f' || ${sql.join(texts, sql` || E'\\x1f' || `)} || E'\\x1f')`;
}

/** An index of trigrams finds what contains so many letters. */
const TRIGRAM = 3;
const HAN = /\p{Script=Han}/u;

/**
 * Where a word may stand: anywhere; one of fewer letters than an index can find only at the beginning of a word, where
 * the index does find it, and where it is more than chance. Chinese names are such short words, and may stand anywhere.
 */
function places(word: string): string[] {
  if (word.length >= TRIGRAM || HAN.test(word)) return [anywhere(word)];
  return [anywhere(SEPARATOR + word), anywhere(` ${word}`)];
}

/** Whether an index finds what may fit. */
export function isIndexed({ words }: Sought): boolean {
  return words.some((spellings) => spellings.every((word) => word.length >= TRIGRAM || !HAN.test(word)));
}

/** That every word occurs in the text. */
export function fits({ words }: Sought, text: RawBuilder<string>): RawBuilder<boolean> {
  return allOf(words.map((spellings) => sql`${text} LIKE ANY (${spellings.flatMap(places)}::text[])`));
}

/** How well: 1 where a field is just what was asked, 0.9 where it begins so, 0.8 where a word does, else 0.7. */
export function score({ phrases, best }: Sought, text: RawBuilder<string>): RawBuilder<number> {
  const occurs = (pattern: (phrase: string) => string) =>
    sql`${text} LIKE ANY (${phrases.map((phrase) => anywhere(pattern(phrase)))}::text[])`;
  return sql`(${best}::float8 * CASE
    WHEN ${occurs((phrase) => SEPARATOR + phrase)} THEN
      CASE WHEN ${occurs((phrase) => SEPARATOR + phrase + SEPARATOR)} THEN 1::float8 ELSE 0.9::float8 END
    WHEN ${occurs((phrase) => ` ${phrase}`)} THEN 0.8::float8
    ELSE 0.7::float8 END)`;
}
