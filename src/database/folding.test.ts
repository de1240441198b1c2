import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import { foldText, LEFT_OUT } from './folding.js';
import { withOwner } from './owner.js';

// Letters that people type for one another, by Unicode's own data: its collation, case and normal forms as in ICU.

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app?.close());

const folded = (texts: readonly string[]): Promise<string[]> =>
  withOwner(app.databases.admin, async (client) => {
    const asked =
      'SELECT array_agg(public.fold_text(given) ORDER BY n) AS all FROM unnest($1::text[]) WITH ORDINALITY t (given, n)';
    return (await client.query(asked, [texts])).rows[0].all;
  });

const isAssigned = (letter: string) => !/[\p{Cn}\p{Cs}\p{Co}]/u.test(letter);
const codes = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index)).filter(
    isAssigned,
  );
const BASIC = codes(0x1, 0xffff);
const collator = new Intl.Collator('und', { sensitivity: 'base' });
const isSame = (a: string, b: string) => collator.compare(a, b) === 0;

describe('one letter is typed for another', () => {
  test.each([
    ['Yıldız', 'yildiz'],
    ['İSTANBUL', 'istanbul'],
    ['Cœur', 'coeur'],
    ['Łukasz', 'lukasz'],
    ['Søren', 'soren'],
    ['Strauß', 'STRAUSS'],
    ['STRAUẞ', 'strauss'],
    ['Þór Guðmundsson', 'Thor Gudmundsson'],
    ['Ærøskøbing', 'aeroskobing'],
    ['Đặng', 'dang'],
    ['Nguyễn'.normalize('NFD'), 'nguyen'],
    ['Əliyev', 'aliyev'],
    ['مُحَمَّد', 'محمد'],
    ['محمـــد', 'محمد'],
    ['أحمد', 'احمد'],
    ['إبراهيم', 'ابراهيم'],
    ['آمنة', 'امنه'],
    ['فاطمة', 'فاطمه'],
    ['مصطفى', 'مصطفي'],
    ['علی', 'علي'],
    ['کریم', 'كريم'],
    ['ﻣﺤﻤﺪ', 'محمد'],
    ['שָׁלוֹם', 'שלום'],
    ['ΣΊΣΥΦΟΣ', 'σισυφος'],
    ['Σίσυφος', 'σισυφοσ'],
    ['ЁЖИК', 'ежик'],
    ['Ｔａｎａｋａ', 'tanaka'],
    ['ﾀﾅｶ', 'タナカ'],
    ['O’Brien', "O'Brien"],
    ['O´Brien', "o'brien"],
    ['Oʻzbek', "o'zbek"],
    ['Paral·lel', 'parallel'],
    ['Smith‑Jones', 'smith-jones'],
    ['Smith–Jones', 'smith-jones'],
    ['ﬁona', 'fiona'],
    ['९८४१', '9841'],
    ['٠٩٨', '098'],
    ['ज़ैनब', 'जैनब'],
    ['zero\u200bwidth', 'zerowidth'],
    ['two\u00a0words', 'two words'],
  ])('%s and %s', async (kept, typed) => {
    expect(foldText(typed)).toBe(foldText(kept));
    expect(await folded([kept])).toEqual([foldText(typed)]);
  });
});

test.each([
  ['कि', 'क'],
  ['কি', 'ক'],
  ['か', 'が'],
  ['王', '玉'],
  ['김', '긴'],
  ['й'.normalize('NFC'), 'у'],
])('%s and %s stay different', (one, other) => {
  expect(foldText(one)).not.toBe(foldText(other));
});

test('the database folds every character of Unicode as the program does', async () => {
  // PostgreSQL's Unicode, and the ICU that it was built with, may be older than ours and then cannot decompose or
  // lower-case newer characters.
  const all = codes(0x1, 0x1ffff);
  const known = await withOwner(app.databases.admin, async (client) => {
    const { rows: has } = await client.query(
      "SELECT to_regproc('pg_catalog.unicode_assigned') IS NOT NULL AS it",
    );
    const asked = `
      SELECT lower(given) AS small, ${has[0].it ? 'unicode_assigned(given)' : 'true'} AS is
      FROM unnest($1::text[]) WITH ORDINALITY t (given, n) ORDER BY n`;
    const { rows } = await client.query(asked, [all]);
    return all.filter((letter, index) => rows[index].is && rows[index].small === letter.toLowerCase());
  });
  expect(known.length).toBeGreaterThan(all.length * 0.9);
  const given = known.map((letter) => `a${letter}b`);
  const there = await folded(given);
  const different = given.filter((text, index) => there[index] !== foldText(text));
  expect(different).toEqual([]);
});

test('no normal form, and no case, makes a difference', () => {
  const letters = BASIC.filter((letter) => /\p{L}/u.test(letter));
  const different = letters.filter((letter) =>
    ['NFC', 'NFD', 'NFKC', 'NFKD'].some((form) => foldText(letter.normalize(form)) !== foldText(letter)),
  );
  expect(different).toEqual([]);
  // Cyrillic of old books and Cherokee, whose capitals came first, have pairs of their own.
  const names = letters.filter((letter) =>
    /[\p{Script=Latin}\p{Script=Greek}\p{Script=Armenian}]/u.test(letter),
  );
  // A vowel with an iota below it has a capital with an iota beside it.
  const isPlain = (letter: string) => !letter.normalize('NFD').includes('\u0345');
  const cased = names
    .filter(isPlain)
    .filter((letter) => foldText(letter.toUpperCase()) !== foldText(letter.toLowerCase()));
  expect(cased).toEqual([]);
});

test('marks that Unicode’s collation ignores at its first level are left out, and no others', () => {
  const leftOut = new RegExp(`^[${LEFT_OUT}]$`, 'u');
  // Combining letters of medieval manuscripts are left out with the accents of their blocks.
  const marks = BASIC.filter((letter) => /\p{M}/u.test(letter) && letter.normalize('NFKD') === letter).filter(
    (letter) => !/[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u3099\u309a]/.test(letter),
  );
  const wrong = marks.filter((mark) => leftOut.test(mark) !== isSame(`a${mark}`, 'a'));
  expect(wrong.map((mark) => mark.codePointAt(0)?.toString(16))).toEqual([]);
});

test('letters of names that Unicode’s collation takes for one or two basic ones are folded to these', () => {
  const basic = [...'abcdefghijklmnopqrstuvwxyz'];
  const both = [...basic, ...basic.flatMap((one) => basic.map((two) => one + two))];
  // To U+024F: the Latin letters of alphabets in use.
  const latin = codes(0x80, 0x24f).filter((letter) => /\p{L}/u.test(letter));
  const wrong = latin.flatMap((letter) => {
    const meant = both.filter((text) => isSame(text, letter));
    return meant.length === 0 || meant.includes(foldText(letter))
      ? []
      : [`${letter} ${meant} ${foldText(letter)}`];
  });
  expect(wrong).toEqual(['ƍ zw ƍ', 'ƾ ts ƾ', 'ȸ db ȸ', 'ȹ qp ȹ']); // phonetic signs
});

test('what is folded stays as it is', () => {
  const folded = BASIC.map((letter) => foldText(`a${letter}b`));
  expect(folded.filter((text) => foldText(text) !== text)).toEqual([]);
});
