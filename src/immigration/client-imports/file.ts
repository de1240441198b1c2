import { pipeline, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { parse } from 'csv-parse';
import { guessFields } from './columns.js';
import { type DateFormat, guessDateFormat } from './dates.js';
import { DELIMITERS, type Delimiter, guessDelimiter, sepLine, TOLERANT } from './delimiter.js';
import { decoded, type Encoding, guessEncoding } from './encoding.js';

/** A row of a file: its number as a spreadsheet shows it, the header being 1, and its cells. */
export type FileRow = readonly [number: number, ...cells: string[]];

/** A file of clients, cut into parts of PART_ROWS rows. */
export interface ClientFile {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  readonly headers: readonly string[];
  /** For each column, its first values that differ. */
  readonly samples: readonly (readonly string[])[];
  readonly dateFormat: DateFormat;
  readonly rowCount: number;
  /** JSON of FileRow[], each. */
  readonly parts: readonly string[];
}

export interface ReadOptions {
  /** Guessed when not given. */
  readonly encoding?: Encoding | undefined;
  readonly delimiter?: Delimiter | undefined;
}

/** What is wrong with a file as a whole, in one sentence for whoever sent it. */
export class ClientFileError extends Error {}

/** So many rows are worked on in one transaction. */
export const PART_ROWS = 500;
export const MOST_ROWS = 100_000;
const MOST_COLUMNS = 200;
const LONGEST_ROW = 1_048_576;
const SAMPLES = 3;
const LONGEST_SAMPLE = 100;
/** In so many rows it is looked for a date that tells day from month. */
const DATES_LOOKED_AT = 5_000;
/** After so many bytes others get a turn. */
const SLICE = 65_536;
const LONGEST_BEGINNING = 65_536;

/** @throws ClientFileError for what is no CSV file with a header and rows, or holds too many */
export async function readClientFile(content: Buffer, options: ReadOptions = {}): Promise<ClientFile> {
  if (content.length === 0) throw new ClientFileError('The submitted file is empty.');
  const encoding = options.encoding ?? guessEncoding(content);
  const beginning = [...decoded(content.subarray(0, LONGEST_BEGINNING), encoding, LONGEST_BEGINNING)].join(
    '',
  );
  const sep = sepLine(beginning);
  const delimiter = options.delimiter ?? guessDelimiter(beginning);
  const draft = new Draft(sep === '' ? 0 : 1);
  const parser = parse({
    ...TOLERANT,
    delimiter: DELIMITERS[delimiter],
    info: true,
    max_record_size: LONGEST_ROW,
  });
  const source = Readable.from(slices(content, encoding, sep.length));
  pipeline(source, parser, () => undefined); // how it ended is seen below
  try {
    for await (const { record, info } of parser) draft.add(record, info.records + info.empty_lines);
  } catch (error) {
    throw error instanceof ClientFileError ? error : unreadable(error);
  }
  return { encoding, delimiter, ...draft.finish() };
}

async function* slices(content: Buffer, encoding: Encoding, skipped: number): AsyncGenerator<string> {
  let first = true;
  for (const text of decoded(content, encoding, SLICE)) {
    if (text.includes('\0'))
      throw new ClientFileError('The file is no CSV file: save it as CSV and send that.');
    if (text !== '') yield first ? text.slice(skipped) : text;
    first = false;
    await setImmediate();
  }
}

function unreadable(error: unknown): unknown {
  const { code = '', lines } = error as { code?: string; lines?: number };
  if (!code.startsWith('CSV_')) return error;
  const reason =
    code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quoted cell does not end'
      : 'a row is too long, or its quotes are wrong';
  return new ClientFileError(`The file cannot be read: ${reason} (near line ${lines ?? 1}).`);
}

/** What has been read of a file so far. */
class Draft {
  #headers: string[] | undefined;
  #samples: string[][] = [];
  #dateColumn = -1;
  readonly #dates: string[] = [];
  #rows: FileRow[] = [];
  readonly #parts: string[] = [];
  #rowCount = 0;

  /** @param linesBefore how many lines of the file were passed over */
  constructor(private readonly linesBefore: number) {}

  add(record: readonly string[], number: number): void {
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
    this.#rows.push([number + this.linesBefore, ...record]);
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
