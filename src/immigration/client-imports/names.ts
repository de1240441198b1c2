import { foldText } from '../../database/folding.js';

export interface PersonName {
  readonly first_name?: string | undefined;
  readonly middle_name?: string | undefined;
  readonly last_name?: string | undefined;
}

/** Returns the full name in the usual order. */
export function fullName({ first_name, middle_name, last_name }: PersonName): string {
  return [first_name, middle_name, last_name].filter(Boolean).join(' ');
}

/**
 * Returns whether two names can belong to the same person: every word of the shorter one, or its initial, is in the
 * longer one, in any order and with any accents. An empty name matches every other.
 */
export function isSameName(one: string, other: string): boolean {
  return areSameWords(nameWords(one), nameWords(other));
}

/** Compares names split by `nameWords` in the same way. */
export function areSameWords(one: readonly string[], other: readonly string[]): boolean {
  const [shorter, longer] = [one, other].sort((a, b) => a.length - b.length);
  const left = [...(longer as string[])];
  return (shorter as string[]).every((word) => {
    const at = left.findIndex((candidate) => candidate === word || isInitial(word, candidate));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function isInitial(one: string, other: string): boolean {
  return (one.length === 1 && other.startsWith(one)) || (other.length === 1 && one.startsWith(other));
}

/**
 * Maximum number of words of a name that are compared. Comparing takes the square of it, and a hundred words of one letter
 * fit into a name.
 */
const MOST_WORDS = 16;

/** Splits a name into words, folded so that different spellings match. */
export function nameWords(name: string): string[] {
  return (foldText(name).match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).slice(0, MOST_WORDS);
}
