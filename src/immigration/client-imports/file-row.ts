/** A row of a file, as parsed. */
export interface FileRow {
  /** The number that a spreadsheet shows; the header is 1. */
  readonly number: number;
  /** The line of the file in which it begins; known only for rows with unreadable text. */
  readonly line: number | null;
  readonly cells: readonly string[];
}
