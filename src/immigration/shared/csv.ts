import { stringify } from 'csv-stringify/sync';

/**
 * The beginning of a formula in a spreadsheet; full-width characters too, since some programs treat them alike. Leading
 * apostrophes are included, so that a cell with an apostrophe of its own keeps it when it is read again.
 */
const FORMULA = /^'*[=+\-@\t\r＝＋－＠]/;

/**
 * A place within a cell after which a formula begins for a spreadsheet that splits lines elsewhere than at commas: at
 * semicolons as in most of Europe, at other separators of lists, at tabs, or at line breaks. Such a program takes no
 * notice of this file's quotes, except those at the beginning of what it takes for a cell, which are skipped here.
 */
const INNER_FORMULA = /([;|\t\r\n\u061b\u060c])(?=["']*[=+\-@＝＋－＠])/g;
const SAFE_INNER_FORMULA = /([;|\t\r\n\u061b\u060c])'(?=["']*[=+\-@＝＋－＠])/g;

const LINE_END = '\r\n';

/** For Excel, which recognises UTF-8 only by this mark. */
export const BYTE_ORDER_MARK = '\ufeff';

/**
 * Formats rows as lines of a CSV file (RFC 4180). What a spreadsheet would run as a formula gets a leading apostrophe,
 * which makes it text there, also where the spreadsheet splits cells at semicolons or tabs; `withoutApostrophes` removes
 * it.
 */
export function csvLines(rows: readonly (readonly (string | number | boolean | null)[])[]): string {
  return stringify(rows as unknown[][], {
    record_delimiter: LINE_END,
    // Otherwise a single CR or LF in a cell would end the line for some programs, and the rest could be a formula.
    quote_record_delimiter: true,
    cast: {
      boolean: (value: boolean) => String(value),
      string: withApostrophes,
    },
  });
}

function withApostrophes(cell: string): string {
  const safe = cell.replaceAll(INNER_FORMULA, "$1'");
  return FORMULA.test(cell) ? `'${safe}` : safe;
}

/** Returns a cell as it was before `csvLines` made it safe. */
export function withoutApostrophes(cell: string): string {
  const given = cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
  return given.replaceAll(SAFE_INNER_FORMULA, '$1');
}
