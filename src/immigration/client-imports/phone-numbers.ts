/** Digits of any script with the usual separators, and perhaps an extension. */
const NUMBER =
  /^(?:tel|ph|mob|phone|mobile|m|t)?[.:\s]*(?:\(?\+|[\p{Nd}()\-\u2010-\u2015/])[\p{Nd}\s().\-\u2010-\u2015/]*(?:(?:ext|extn|x|#)[.:\s]*\p{Nd}{1,6})?$/iu;
const EXTENSION = /(?:ext|extn|x|#)[.:\s]*\p{Nd}+$/iu;
/** Minimum and maximum number of digits; the maximum is that of ITU-T E.164. */
const [FEWEST, MOST] = [5, 15];
/** Maximum length of a phone number with its separators. */
const LONGEST = 100;
/** A number as a spreadsheet writes it: `9.77984E+11`, `9779841234567.0`. */
const SPREADSHEET = /^[-+]?(?:\d+(?:[.,]\d+)?e[-+]?\d+|\d{5,}[.,]\d{1,2})$/i;

/**
 * Describes why a text is no phone number, in one sentence that says what to do; returns null if it is one. Several
 * numbers in one cell are rejected, since nothing tells which one is the client's.
 */
export function phoneProblem(text: string): string | null {
  const number = text
    .slice(0, 2 * LONGEST)
    .trim()
    .normalize('NFKC');
  const shown = `"${number.slice(0, 40)}"`;
  if (SPREADSHEET.test(number)) {
    return `${shown} is a phone number changed by a spreadsheet: format the column as text, enter the numbers again and save the file.`;
  }
  const isLong = text.length > 2 * LONGEST || number.length > LONGEST;
  const digits = isLong ? '' : digitsOf(number);
  if (isLong || !NUMBER.test(number) || digits.length < FEWEST || digits.length > MOST) {
    return `${shown} is no phone number: give one number of ${FEWEST} to ${MOST} digits, or leave the cell empty.`;
  }
  if (new Set(digits).size === 1) {
    return `${shown} is no phone number, since all of its digits are the same: leave the cell empty.`;
  }
  return null;
}

/** Returns the digits that identify a phone number in any notation; null for a text that is none. */
export function phoneKey(text: string | undefined): string | null {
  if (!text || phoneProblem(text) !== null) return null;
  // The index of the clients' numbers has only ASCII digits, including those of an extension. Of a number with other
  // digits too it has only a part, which other numbers share.
  const digits = text.replace(/[^0-9]/g, '');
  return digits === text.replace(/\P{Nd}/gu, '') ? digits : null;
}

/** Returns the digits of the number without its extension. */
function digitsOf(number: string): string {
  return number.replace(EXTENSION, '').replace(/\P{Nd}/gu, '');
}
