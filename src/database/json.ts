import { parse } from 'lossless-json';

// PostgreSQL's jsonb and other programs' JSON hold numbers of any length, JavaScript's do not: 9007199254740993 would
// become ...992, and 1e400 null.

/** Begins the text that stands for an exact number while JSON is written; no text in the database contains NUL. */
const MARK = '\0n';
/** Without the quotation mark before it: answers are full of those, and each would be examined more closely. */
const MARKED = JSON.stringify(MARK).slice(1, -1);
const MARKED_NUMBER = /"\\u0000n(-?\d[\d.eE+-]*)"/g;

/** A number that a JavaScript number cannot hold exactly. */
export class ExactNumber {
  /** @param text the number as JSON writes it */
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return MARK + this.text;
  }
}

/** Minimum length, decimal point included, of a number that a double may not hold exactly. */
const LONG = 16;
const LARGE_EXPONENT = /\d[eE][-+]?\d{3}/;
/** Matches a number of one of these kinds, as opposed to a text that contains such digits. */
const MAY_BE_INEXACT = /(?:^|[:,[\s])-?(?:[\d.]{16}|[\d.]+[eE][-+]?\d{3})/;

/** Maximum length of a number that is compared; a longer one is always kept as text. */
const LONGEST_COMPARED = 1_100;

/**
 * Parses JSON. Numbers that would change become instances of ExactNumber; the last value of a duplicate key wins.
 * @throws SyntaxError, also for such numbers in JSON nested several thousand levels deep
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const mayBeInexact = (hasLongRun(text) || LARGE_EXPONENT.test(text)) && MAY_BE_INEXACT.test(text);
  if (!mayBeInexact) return value;
  try {
    return parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SyntaxError('it is nested too deeply');
  }
}

/** Parses JSON from the database; if it is nested too deeply for `parseJson`, with JavaScript numbers. */
export function readStoredJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return JSON.parse(text);
  }
}

/** Writes JSON, with all digits of exact numbers. @param indent spaces per level of indentation */
export function writeJson(value: unknown, indent = 0): string {
  return withExactNumbers(JSON.stringify(value, null, indent));
}

/** Puts the digits of exact numbers into JSON written by any serialiser that respects `toJSON`. */
export function withExactNumbers(json: string): string {
  return json.includes(MARKED) ? json.replace(MARKED_NUMBER, '$1') : json;
}

/**
 * Returns whether there is a run of LONG digits and points. Checking every LONG-th character is faster than a pattern.
 */
function hasLongRun(text: string): boolean {
  const isOfNumber = (at: number) => {
    const code = text.charCodeAt(at);
    return (code >= 48 && code <= 57) || code === 46;
  };
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isOfNumber(at)) continue;
    let from = at;
    let to = at + 1;
    while (isOfNumber(from - 1)) from--;
    while (isOfNumber(to)) to++;
    if (to - from >= LONG) return true;
  }
  return false;
}

function parseNumber(text: string): number | ExactNumber {
  const number = Number(text);
  const isSame = text.length <= LONGEST_COMPARED && canonical(text) === canonical(String(number));
  return isSame ? number : new ExactNumber(text);
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/i;

/** Returns a decimal number in canonical form: its digits without leading or trailing zeros, and the exponent. */
function canonical(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutZerosAtEnd(digits);
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** Returns digits without trailing zeros; a pattern would look at each run of zeros from each of its zeros. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
