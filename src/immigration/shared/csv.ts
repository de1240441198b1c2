import { stringify } from 'csv-stringify/sync';

/**
 * The beginning of a formula in a spreadsheet; full-width characters too, since some programs treat them alike. Leading
 * apostrophes are included, so that a cell with an apostrophe of its own keeps it when it is read again.
 */
const FORMULA = /^'*[=+\-@\t\r＝＋－＠]/;

const LINE_END = '\r\n';

/** For Excel, which recognises UTF-8 only by this mark. */
export const BYTE_ORDER_MARK = '\ufeff';

/**
 * Formats rows as lines of a CSV file (RFC 4180). A cell that a spreadsheet would run as a formula gets a leading
 * apostrophe, which makes it text there; `withoutApostrophe` removes it.
 */
export function csvLines(rows: readonly (readonly (string | number | boolean | null)[])[]): string {
  return stringify(rows as unknown[][], {
    record_delimiter: LINE_END,
    // Otherwise a single CR or LF in a cell would end the line for some programs, and the rest could be a formula.
    quote_record_delimiter: true,
    cast: {
      boolean: (value: boolean) => String(value),
      string: (value: string) => (FORMULA.test(value) ? `'${value}` : value),
    },
  });
}

/** Returns a cell as it was before `csvLines` made it safe. */
export function withoutApostrophe(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
