import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distance, mistakesAllowed, spellings } from './spelling.js';

describe('distance', () => {
  test.each([
    ['sharma', 'sharma', 0],
    ['sharme', 'sharma', 1],
    ['shrama', 'sharma', 1],
    ['sharmaa', 'sharma', 1],
    ['shama', 'sharma', 1],
    ['shrame', 'sharma', 2],
    ['shers', 'shrestha', 1.5],
    ['shr', 'shrestha', 0.5],
    ['सिता', 'सीता', 1],
    ['𠀀a', '𠀁a', 1],
    ['abc', '', 3],
    ['', 'abc', 0.5],
  ])('%s for %s: %d', (typed, meant, expected) => {
    expect(distance(typed, meant)).toBe(expected);
  });

  /** Computes the same by definition, without caching. */
  function slowly(a: string[], b: string[]): number {
    if (a.length === 0 || b.length === 0) return a.length + b.length;
    const [restA, restB] = [a.slice(1), b.slice(1)];
    const ways = [slowly(restA, restB) + (a[0] === b[0] ? 0 : 1), slowly(restA, b) + 1, slowly(a, restB) + 1];
    if (a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0]) {
      ways.push(slowly(a.slice(2), b.slice(2)) + 1);
    }
    return Math.min(...ways);
  }

  test('is that of the slow and obvious count', () => {
    const word = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const beginnings = b.map((_, length) => slowly(a, b.slice(0, length)) + 0.5);
        expect(distance(a.join(''), b.join(''))).toBe(Math.min(slowly(a, b), ...beginnings));
      }),
      { numRuns: 300 },
    );
  });
});

test.each([
  ['ram', 0],
  ['rame', 1],
  ['ramesh', 1],
  ['ramesha', 2],
  ['98415551', 0],
  ['trn-88', 0],
])('%s: %d mistakes allowed', (word, allowed) => {
  expect(mistakesAllowed(word)).toBe(allowed);
});

describe('spellings', () => {
  const of = (text: string, texts: string[]) => spellings({ text, words: text.split(' '), limit: 5 }, texts);

  test('the ones with the fewest mistakes, which occur at once', () => {
    expect(of('suman sherma', ['suman sherpa', 'suman sharma', 'suman verma', 'sumon sharma'])).toEqual({
      words: [['suman'], ['sherpa', 'sharma']],
      phrases: ['suman sherpa', 'suman sharma'],
      best: 0.65,
    });
  });

  test('what is there as it was typed is no misspelling', () => {
    expect(of('suman', ['suman sherpa'])).toBeNull();
    expect(of('suman', ['suman sherpa', 'sumon sharma'])?.phrases).toEqual(['sumon']);
  });

  test('nothing where one of the words is not close to any', () => {
    expect(of('suman xyzzy', ['suman sharma'])).toBeNull();
    expect(of('ra sherma', ['ram sharma', 'tom sharma'])?.phrases).toEqual(['ra sharma']);
  });

  test('of a few, however many there are', () => {
    const texts = Array.from({ length: 500 }, (_, i) => `sumo${String.fromCharCode(0x400 + i)}`);
    expect(of('suman', texts)).toBeNull();
    expect(of('sumoz', texts)?.phrases).toHaveLength(8);
  });
});
