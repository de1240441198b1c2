import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MOST_NAMES, mentionPlaces } from './mentions.js';

describe('mentionPlaces', () => {
  test.each([
    ['nobody', []],
    ['@ana', [[0, 'ana']]],
    [
      'hi @ana, and @ben',
      [
        [3, 'ana'],
        [13, 'ben'],
      ],
    ],
    ['(@ana)', [[1, 'ana']]],
    ['@ana!', [[0, 'ana']]],
    [
      '@ana_2 @ana-2',
      [
        [0, 'ana_2'],
        [7, 'ana-2', 'ana'],
      ],
    ],
    ['@ana.b. End', [[0, 'ana.b.', 'ana.b', 'ana']]],
    ['@ana@example.com x', [[0, 'ana@example.com', 'ana@example', 'ana']]],
    ['ana@example.com', []],
    ['@ @, @', []],
    ['@王小明 你好', [[0, '王小明']]],
    ['👋 @ana', [[2, 'ana']]],
  ])('%s', (text, expected) => {
    const found = (mentionPlaces(text) ?? []).map(({ start, usernames }) => [start, ...usernames]);
    // A name that begins with a mark of its own is looked up too, and does no harm.
    expect(found.filter(([, first]) => !String(first).startsWith('@'))).toEqual(expected);
  });

  test('finds a mentioned username wherever it stands', () => {
    const username = fc.stringMatching(/^[a-z0-9_]([a-z0-9_.+-]{0,20}[a-z0-9_])?$/);
    const around = fc.constantFrom('', ' ', 'x ', ' - ', '(');
    const after = fc.constantFrom('', ' x', ', x', '.', '!', ')', '\n');
    fc.assert(
      fc.property(username, around, after, (name, before, behind) => {
        const place = mentionPlaces(`${before}@${name}${behind}`)?.find(
          ({ start }) => start === before.length,
        );
        expect(place?.usernames).toContain(name);
      }),
    );
  });

  test('never asks for more than it may', () => {
    expect(mentionPlaces('@a '.repeat(MOST_NAMES))).toHaveLength(MOST_NAMES);
    expect(mentionPlaces('@a '.repeat(MOST_NAMES + 1))).toBeNull();
    expect(mentionPlaces('@'.repeat(100_000))).toBeNull();
    expect(mentionPlaces(`@${'a.'.repeat(50_000)}`)?.[0]?.usernames.length).toBeLessThanOrEqual(150);
  });
});
