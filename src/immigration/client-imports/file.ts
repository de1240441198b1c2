import { pipeline, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { parse } from 'csv-parse';
import { guessFields } from './columns.js';
import { type DateFormat, guessDateFormat } from './dates.js';
import { DELIMITERS, type Delimiter, guessDelimiter, sepLine, TOLERANT } from './delimiter.js';
import { decoded, type Encoding, encodingOf, UNREADABLE } from './encoding.js';
import { encodingChoices, type PossibleEncoding } from './encoding-choices.js';
import { OpenQuote } from './open-quote.js';

/**
 * A stored row of a file: the number that a spreadsheet shows, the header being 1, and the cells; for a row with
 * unreadable text also the line of the file in which it begins.
 */
export type KeptRow = readonly [number: number | readonly [number: number, line: number], ...cells: string[]];

/** A file of clients, cut into parts of PART_ROWS rows. */
export interface ClientFile {
  readonly encoding: Encoding;
  /** Whether parts of it cannot be decoded with that encoding. */
  readonly isDamaged: boolean;
  readonly delimiter: Delimiter;
  readonly headers: readonly string[];
  /** For each column, its first distinct values. */
  readonly samples: readonly (readonly string[])[];
  readonly dateFormat: DateFormat;
  readonly rowCount: number;
  /** The parts, each as JSON of KeptRow[]. */
  readonly parts: readonly string[];
}

/** A file that can be read only after the user has chosen its encoding. */
export interface Undecided {
  readonly choices: readonly PossibleEncoding[];
}

export interface ReadOptions {
  /** Detected from the file when not given. */
  readonly encoding?: Encoding | undefined;
  /** Guessed when not given. */
  readonly delimiter?: Delimiter | undefined;
}

/** Thrown when a file as a whole is unusable. The message is one sentence for its sender. */
export class ClientFileError extends Error {}

/** Number of rows processed in one transaction. */
export const PART_ROWS = 500;
export const MOST_ROWS = 100_000;
const MOST_COLUMNS = 200;
const LONGEST_ROW = 1_048_576;
const SAMPLES = 3;
const LONGEST_SAMPLE = 100;
/** Number of rows searched for a date that distinguishes day from month. */
const DATES_LOOKED_AT = 5_000;
/** Number of bytes after which other work gets a turn. */
const SLICE = 65_536;
const LONGEST_BEGINNING = 65_536;
const NO_CSV = 'The file is no CSV file: save it as CSV and send that.';

/**
 * Reads a file, if its encoding can be detected or is given in the options.
 * @throws ClientFileError if it is no CSV file with a header and rows, or has too many of them
 */
export async function readClientFile(
  content: Buffer,
  options: ReadOptions = {},
): Promise<ClientFile | Undecided> {
  if (content.length === 0) throw new ClientFileError('The submitted file is empty.');
  const encoding = options.encoding ?? (await encodingOf(content));
  if (encoding !== null) return await readAs(content, encoding, options.delimiter);
  // Every byte is valid in this encoding, and separators are the same: a file that is no CSV is rejected at once.
  await readAs(content, 'windows-1252', options.delimiter);
  return { choices: encodingChoices(content) };
}

async function readAs(
  content: Buffer,
  encoding: Encoding,
  given: Delimiter | undefined,
): Promise<ClientFile> {
  const beginning = [...decoded(content.subarray(0, LONGEST_BEGINNING), encoding, LONGEST_BEGINNING)].join(
    '',
  );
  const sep = sepLine(beginning);
  const delimiter = given ?? guessDelimiter(beginning);
  const draft = new Draft(sep === '' ? 0 : 1);
  const parser = parse({
    ...TOLERANT,
    delimiter: DELIMITERS[delimiter],
    info: true,
    max_record_size: LONGEST_ROW,
  });
  const source = Readable.from(slices(content, encoding, sep.length));
  pipeline(source, parser, () => undefined); // its error is seen below
  try {
    for await (const { record, info } of parser)
      draft.add(record, info.records + info.empty_lines, info.lines);
  } catch (error) {
    throw error instanceof ClientFileError
      ? error
      : await unreadable(error, content, encoding, DELIMITERS[delimiter]);
  }
  return { encoding, delimiter, ...draft.finish() };
}

async function* slices(content: Buffer, encoding: Encoding, skipped: number): AsyncGenerator<string> {
  let first = true;
  for (const text of decoded(content, encoding, SLICE)) {
    if (text.includes('\0')) throw new ClientFileError(NO_CSV);
    if (text !== '') yield first ? text.slice(skipped) : text;
    first = false;
    await setImmediate();
  }
}

/** Describes why the parser gave up on a file, and the line in which the problem begins. */
async function unreadable(
  error: unknown,
  content: Buffer,
  encoding: Encoding,
  delimiter: string,
): Promise<unknown> {
  const { code = '' } = error as { code?: string };
  if (!code.startsWith('CSV_')) return error;
  const place = new OpenQuote(delimiter, LONGEST_ROW);
  for await (const text of slices(content, encoding, 0)) if (place.take(text)) break;
  const reason =
    code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quoted cell does not end'
      : 'a row is too long, or its quotes are wrong';
  return new ClientFileError(`The file cannot be read: ${reason} (line ${place.line}).`);
}

function firstLine(record: readonly string[], lastLine: number): number {
  const breaks = record.reduce((count, cell) => count + (cell.match(/\r\n?|\n/g)?.length ?? 0), 0);
  return lastLine - breaks;
}

/** The part of a file read so far. */
class Draft {
  #headers: string[] | undefined;
  #samples: string[][] = [];
  #dateColumn = -1;
  readonly #dates: string[] = [];
  #rows: KeptRow[] = [];
  #isDamaged = false;
  readonly #parts: string[] = [];
  #rowCount = 0;

  /** @param linesBefore number of skipped lines of the file */
  constructor(private readonly linesBefore: number) {}

  /** Adds a row. @param lastLine the line in which it ends, counted from the first line that was not skipped */
  add(record: readonly string[], number: number, lastLine: number): void {
    if (!record.some((cell) => cell.trim() !== '')) return;
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
    if (date && this.#dates.length < DATES_LOOKED_AT) this.#dates.push(date);
    const row = number + this.linesBefore;
    const isDamaged = record.some((cell) => cell.includes(UNREADABLE));
    if (isDamaged) this.#isDamaged = true;
    this.#rows.push([isDamaged ? [row, firstLine(record, lastLine) + this.linesBefore] : row, ...record]);
    if (this.#rows.length === PART_ROWS) this.#endPart();
  }

  finish() {
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
    const headers = record.map((cell) => cell.trim().slice(0, LONGEST_SAMPLE).toWellFormed());
    while (headers.at(-1) === '') headers.pop();
    if (headers.length > MOST_COLUMNS) {
      throw new ClientFileError(`The file has more than ${MOST_COLUMNS} columns.`);
    }
    this.#headers = headers;
    this.#samples = headers.map(() => []);
    this.#dateColumn = guessFields(headers).indexOf('dob');
  }

  #endPart(): void {
    this.#parts.push(JSON.stringify(this.#rows));
    this.#rows = [];
  }
}
