import { guessFields } from './columns.js';
import { type DateFormat, guessDateFormat } from './dates.js';
import { UNREADABLE } from './encoding.js';

/**
 * A stored row of a file: the number that a spreadsheet shows, the header being 1, and the cells; for a row with
 * unreadable text also the line of the file in which it begins.
 */
export type KeptRow = readonly [number: number | readonly [number: number, line: number], ...cells: string[]];

/** Thrown when a file as a whole is unusable. The message is one sentence for its sender. */
export class ClientFileError extends Error {}

/** Maximum number of rows processed in one transaction. */
export const PART_ROWS = 500;
/** Number of characters after which a part ends, so that none takes long to read and to write. */
const PART_LENGTH = 262_144;
export const MOST_ROWS = 100_000;
const MOST_COLUMNS = 200;
const SAMPLES = 3;
const LONGEST_SAMPLE = 100;
/** Number of rows searched for a date that distinguishes day from month. */
const DATES_LOOKED_AT = 5_000;

/** The contents of a file. */
export interface FileContents {
  /** Whether parts of it cannot be decoded. */
  readonly isDamaged: boolean;
  readonly headers: readonly string[];
  /** For each column, its first distinct values. */
  readonly samples: readonly (readonly string[])[];
  readonly dateFormat: DateFormat;
  readonly rowCount: number;
  /** The parts, each as JSON of KeptRow[]. */
  readonly parts: readonly string[];
}

/** The part of a file read so far. */
export class FileDraft {
  #headers: string[] | undefined;
  #samples: string[][] = [];
  #dateColumn = -1;
  readonly #dates: string[] = [];
  #rows: KeptRow[] = [];
  #length = 0;
  #isDamaged = false;
  readonly #parts: string[] = [];
  #rowCount = 0;

  /** @param linesBefore number of skipped lines of the file */
  constructor(private readonly linesBefore: number) {}

  /** Adds a row. @param lastLine the line in which it ends, counted from the first line that was not skipped */
  add(record: readonly string[], number: number, lastLine: number): void {
    if (lastFilled(record) < 0) return;
    if (!this.#headers) {
      this.#addHeader(record);
      return;
    }
    this.#rowCount++;
    if (this.#rowCount > MOST_ROWS) {
      throw new ClientFileError(`The file holds more than ${MOST_ROWS.toLocaleString('en')} rows.`);
    }
    for (const [column, samples] of this.#samples.entries()) {
      if (samples.length >= SAMPLES) continue;
      const sample = (record[column] ?? '').trim().slice(0, LONGEST_SAMPLE).toWellFormed();
      if (sample !== '' && !samples.includes(sample)) samples.push(sample);
    }
    const date = record[this.#dateColumn];
    if (date && this.#dates.length < DATES_LOOKED_AT) this.#dates.push(date.slice(0, LONGEST_SAMPLE));
    const row = number + this.linesBefore;
    const cells = keptCells(record, this.#headers.length);
    const isDamaged = cells.some((cell) => cell.includes(UNREADABLE));
    if (isDamaged) this.#isDamaged = true;
    this.#rows.push([isDamaged ? [row, firstLine(record, lastLine) + this.linesBefore] : row, ...cells]);
    this.#length += cells.reduce((length, cell) => length + cell.length + 3, 10);
    if (this.#rows.length === PART_ROWS || this.#length >= PART_LENGTH) this.#endPart();
  }

  /** Returns what has been read. @throws ClientFileError for a file without a header or rows */
  finish(): FileContents {
    if (!this.#headers || this.#rowCount === 0) {
      throw new ClientFileError(
        'The file must hold a line with the names of the columns, and rows below it.',
      );
    }
    if (this.#rows.length > 0) this.#endPart();
    return {
      isDamaged: this.#isDamaged,
      headers: this.#headers,
      samples: this.#samples,
      dateFormat: guessDateFormat(this.#dates),
      rowCount: this.#rowCount,
      parts: this.#parts,
    };
  }

  #addHeader(record: readonly string[]): void {
    const columns = lastFilled(record) + 1;
    if (columns > MOST_COLUMNS) {
      throw new ClientFileError(`The file has more than ${MOST_COLUMNS} columns.`);
    }
    const headers = record
      .slice(0, columns)
      .map((cell) => cell.trim().slice(0, LONGEST_SAMPLE).toWellFormed());
    this.#headers = headers;
    this.#samples = headers.map(() => []);
    this.#dateColumn = guessFields(headers).indexOf('dob');
  }

  #endPart(): void {
    this.#parts.push(JSON.stringify(this.#rows));
    this.#rows = [];
    this.#length = 0;
  }
}

/** Returns the position of the last cell that is not blank; -1 if all are. */
function lastFilled(record: readonly string[]): number {
  return record.findLastIndex((cell) => cell.trim() !== '');
}

/**
 * Returns the cells of a row without blank ones behind the header's last. Of a row with more cells than the header, which
 * is not imported, the first ones are enough to correct it.
 */
function keptCells(record: readonly string[], columns: number): readonly string[] {
  const end = Math.max(lastFilled(record) + 1, Math.min(record.length, columns));
  const most = columns + MOST_COLUMNS;
  if (end <= most) return record.slice(0, end);
  const kept = record.slice(0, most);
  if (lastFilled(kept) < columns) kept.push(record[end - 1] as string);
  return kept;
}

function firstLine(record: readonly string[], lastLine: number): number {
  const breaks = record.reduce((count, cell) => count + (cell.match(/\r\n?|\n/g)?.length ?? 0), 0);
  return lastLine - breaks;
}
