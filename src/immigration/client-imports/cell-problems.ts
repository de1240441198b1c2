import type { FieldErrors } from '../../http/errors.js';
import { isCountryCode } from '../../http/fields/countries.js';
import type { Given, Reading } from './cells.js';
import { countryProblem } from './country-names.js';
import { UNREADABLE } from './encoding.js';
import type { FileRow } from './file-row.js';
import { phoneProblem } from './phone-numbers.js';

/** A long number as spreadsheets write it: `4.46E+04`. */
const EXPONENT = /^\d(?:[.,]\d+)?e\+\d+$/i;

/**
 * Finds problems in a row's cells that the client's fields accept, or would report in unhelpful words: unreadable
 * texts, texts that are no phone numbers, countries under other names.
 */
export function cellProblems(
  { number, line, cells }: FileRow,
  given: Given,
  { fields, headers }: Reading & { readonly headers: readonly string[] },
): FieldErrors {
  const problems: FieldErrors = {};
  const { phone_number: phone, country, postcode } = given;
  const problemOfPhone = phone === undefined ? null : phoneProblem(phone);
  if (problemOfPhone !== null) problems.phone_number = [problemOfPhone];
  if (country !== undefined && !isCountryCode(country)) problems.country = [countryProblem(country)];
  if (postcode !== undefined && EXPONENT.test(postcode)) {
    problems.postcode = [
      `"${postcode}" is a number written by a spreadsheet: format the column as text and enter them again.`,
    ];
  }
  for (const [column, field] of fields.entries()) {
    const cell = cells[column];
    if (field === '' || !cell?.includes(UNREADABLE)) continue;
    const place = `Line ${line ?? number}, column ${column + 1} ("${headers[column] ?? ''}")`;
    problems[field] = [
      `${place}: ${around(cell)} has characters that are invalid in the file's encoding; correct them, or choose the encoding.`,
    ];
  }
  return problems;
}

/** Returns an excerpt around the place where a text cannot be read. */
function around(cell: string): string {
  const at = cell.indexOf(UNREADABLE);
  const [from, to] = [Math.max(0, at - 20), at + 20];
  const text = cell.slice(from, to).toWellFormed();
  return `"${from > 0 ? '…' : ''}${text}${to < cell.length ? '…' : ''}"`;
}
