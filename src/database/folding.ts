// Folds texts for searching: ignores case, accents, and other differences between keyboards. For indexes,
// fold_text() of migrations/shared/0014_text_folding.sql does the same; a test compares the two over all of Unicode.

/**
 * Characters that folding removes, in a form that regular expressions of both languages accept: the marks that
 * Unicode's collation ignores at its first level (accents, Hebrew points, Arabic vowels, nuktas, Thai tones), the
 * elongation of Arabic words, invisible characters (joiners, directions, soft hyphens), and the dot within Catalan and
 * Uyghur names. Vowel signs stay, since they are letters of their scripts; so does the voicing of kana.
 */
export const LEFT_OUT = [
  '\\u00ad\\u00b7\\u0300-\\u036f\\u0483-\\u0489\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u0600-\\u0605',
  '\\u0610-\\u061a\\u061c\\u0640\\u064b-\\u065f\\u0670\\u06d6-\\u06dd\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed',
  '\\u070f\\u0711\\u0730-\\u074a\\u07eb-\\u07f3\\u07fd\\u0818\\u0819\\u081c-\\u0823\\u0825-\\u0827\\u0829-\\u082d',
  '\\u0859-\\u085b\\u0890-\\u089f\\u08ca-\\u0903\\u093c\\u0951-\\u0954\\u0981-\\u0983\\u09bc\\u09fe-\\u0a03\\u0a3c',
  '\\u0a70\\u0a71\\u0a81-\\u0a83\\u0abc\\u0afa-\\u0b03\\u0b3c\\u0b55\\u0b82\\u0c00-\\u0c04\\u0c3c\\u0c81-\\u0c83',
  '\\u0cbc\\u0cf3\\u0d00-\\u0d03\\u0d81-\\u0d83\\u0e47-\\u0e4e\\u0ec8-\\u0ece\\u0f18\\u0f19\\u0f35\\u0f37\\u0f39',
  '\\u0f3e\\u0f3f\\u0f7e\\u0f7f\\u0f82\\u0f83\\u0f86\\u0f87\\u0fc6\\u1036-\\u1038\\u135d-\\u135f\\u17b4\\u17b5',
  '\\u17c6-\\u17d1\\u17d3\\u17dd\\u180b-\\u180f\\u1939-\\u193b\\u1a74-\\u1a7f\\u1ab0-\\u1aeb\\u1b00-\\u1b04\\u1b34',
  '\\u1b6b-\\u1b73\\u1b80-\\u1b82\\u1be6\\u1c37\\u1cd0-\\u1cd2\\u1cd4-\\u1ce8\\u1ced\\u1cf4\\u1cf7-\\u1cf9',
  '\\u1dc0-\\u1dff\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u20d0-\\u20f0\\u2cef-\\u2cf1\\u2d7f\\u302a-\\u302f',
  '\\ua66f-\\ua672\\ua67c\\ua67d\\ua6f0\\ua6f1\\ua80b\\ua880\\ua881\\ua8c5\\ua8e0-\\ua8f1\\ua92b-\\ua92d',
  '\\ua980-\\ua983\\ua9b3\\uaabf\\uaac1\\uabec\\ufb1e\\ufe00-\\ufe0f\\ufe20-\\ufe2f\\ufeff\\ufff9-\\ufffb',
].join('');

/** Letters of alphabets in use that Unicode does not decompose, by the letter they are folded to. */
const LETTERS: Readonly<Record<string, string>> = {
  a: 'ə',
  b: 'ɓ',
  d: 'ðđɗɖ',
  e: 'ɛ',
  f: 'ƒ',
  g: 'ɣ',
  h: 'ħ',
  i: 'ı',
  k: 'ƙĸ',
  l: 'ł',
  n: 'ŋ',
  o: 'øɔ',
  t: 'ŧ',
  u: 'ʉ',
  v: 'ʋ',
  y: 'ƴ',
  z: 'ƶ',
  г: 'ґ',
  σ: 'ς',
  כ: 'ך',
  מ: 'ם',
  נ: 'ן',
  פ: 'ף',
  צ: 'ץ',
  ا: 'ٱ',
  ك: 'ک',
  ه: 'ةھہەۃ',
  ي: 'ىیے',
  "'": '‘’‛ʻʼʽʹ′׳՚',
  '-': '‐‒–—―−',
};

/** The first digits of Arabic, Persian, Devanagari and Bengali. */
const ZEROS = ['٠', '۰', '०', '০'];

/** Letters that are folded to two letters. */
const PAIRS: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', þ: 'th' };

/** The acute accent on its own: typed as an apostrophe, but Unicode decomposes it to a space. */
const ACUTE = /´/g;

const counted = new Map<string, string>([
  ...Object.entries(LETTERS).flatMap(([to, from]) => [...from].map((letter) => [letter, to] as const)),
  ...ZEROS.flatMap((zero) =>
    Array.from('0123456789', (digit) => {
      return [String.fromCodePoint((zero.codePointAt(0) as number) + Number(digit)), digit] as const;
    }),
  ),
  ...Object.entries(PAIRS),
]);

const leftOut = new RegExp(`[${LEFT_OUT}]`, 'gu');
const replaced = new RegExp(`[${[...counted.keys()].join('')}]`, 'gu');
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Folds a text for comparison in searches: compatibility forms decomposed, lower case, no accents, `ı` as `i`, `ß` as
 * `ss`. Texts that fold to the same look alike to people who type them, even if their Unicode normal forms differ.
 */
export function foldText(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text
    .replace(ACUTE, "'")
    .normalize('NFKD')
    .toLowerCase()
    .replace(leftOut, '')
    .replace(replaced, (letter) => counted.get(letter) ?? letter);
}
