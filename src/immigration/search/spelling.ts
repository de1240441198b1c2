import { SEPARATOR, type Sought } from './matching.js';
import type { SearchQuery } from './search-query.js';

/** Below every score of what contains the words. */
const BEST_SIMILAR = 0.65;
/** Maximum number of spellings that are searched for. */
const MOST_SPELLINGS = 8;
/** Distance of a word that only begins like the typed one: more than that of a similar word, less than one letter. */
const ONLY_BEGINS = 0.5;
/** Minimum length of words with mistakes: with one letter changed, shorter ones could be any other. */
const SHORTEST_MISSPELT = 4;

const BETWEEN_WORDS = new RegExp(`[\\s${SEPARATOR}]+`);

const letters = (word: string) => [...word];

/**
 * Returns how many letters may be wrong, missing, extra, or transposed. None in a number: a similar one belongs to
 * somebody else.
 */
export function mistakesAllowed(word: string): number {
  const { length } = letters(word);
  if (length < SHORTEST_MISSPELT || /\d/.test(word)) return 0;
  return length < 7 ? 1 : 2;
}

/**
 * Returns the likely intended spellings: those with the fewest mistakes among these texts, in which all words occur at
 * once.
 * @param texts folded, of several words each
 * @returns null when none of them is close
 */
export function spellings({ words }: SearchQuery, texts: readonly string[]): Sought | null {
  let fewest = Number.POSITIVE_INFINITY;
  let closest: string[][] = [];
  for (const text of new Set(texts)) {
    const found = inText(words, text);
    if (!found || found.mistakes === 0 || found.mistakes > fewest) continue;
    if (found.mistakes < fewest) closest = [];
    fewest = found.mistakes;
    closest.push(found.words);
  }
  const different = [...new Map(closest.map((found) => [found.join(' '), found])).values()].slice(
    0,
    MOST_SPELLINGS,
  );
  if (different.length === 0) return null;
  return {
    words: words.map((_, index) => [...new Set(different.map((found) => found[index] as string))]),
    phrases: different.map((found) => found.join(' ')),
    best: BEST_SIMILAR,
  };
}

/** Returns the closest word in the text for each word, and the total of mistakes; null if a word is close to none. */
function inText(words: readonly string[], text: string): { words: string[]; mistakes: number } | null {
  const there = text.split(BETWEEN_WORDS).filter((word) => word !== '');
  const found: string[] = [];
  let mistakes = 0;
  for (const word of words) {
    const best = closestTo(word, text, there);
    if (!best) return null;
    found.push(best.word);
    mistakes += best.mistakes;
  }
  return { words: found, mistakes };
}

function closestTo(
  word: string,
  text: string,
  there: readonly string[],
): { word: string; mistakes: number } | null {
  if (text.includes(word)) return { word, mistakes: 0 };
  const allowed = mistakesAllowed(word);
  if (allowed === 0) return null;
  let best: { word: string; mistakes: number } | null = null;
  for (const candidate of there) {
    if (candidate.length < word.length - allowed) continue;
    const mistakes = distance(word, candidate);
    if (mistakes < allowed + 1 && (!best || mistakes < best.mistakes)) best = { word: candidate, mistakes };
  }
  return best;
}

/**
 * Returns how many letters to change, insert, remove or transpose to turn `typed` into `meant`; or into its beginning,
 * which counts half a letter more.
 */
export function distance(typed: string, meant: string): number {
  const [a, b] = [letters(typed), letters(meant)];
  let [before, last]: [number[], number[]] = [[], b.map((_, j) => j)];
  last.push(b.length);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(changed, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] as number) + 1);
      }
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return Math.min(last[b.length] as number, Math.min(...last) + ONLY_BEGINS);
}
