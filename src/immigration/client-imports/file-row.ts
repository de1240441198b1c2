/** A row of a file. */
export interface FileRow {
  /** As a spreadsheet shows it, the header being 1. */
  readonly number: number;
  /** The line of the file in which it begins, where that was noted: of rows with what cannot be read. */
  readonly line: number | null;
  readonly cells: readonly string[];
}
