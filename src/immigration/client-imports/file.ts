import { pipeline, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { parse } from 'csv-parse';
import { TimeSlices } from '../../platform/time-slices.js';
import { DELIMITERS, type Delimiter, guessDelimiter, sepLine, TOLERANT } from './delimiter.js';
import { decoded, type Encoding, encodingOf } from './encoding.js';
import { encodingChoices, type PossibleEncoding } from './encoding-choices.js';
import { ClientFileError, type FileContents, FileDraft } from './file-draft.js';
import { OpenQuote } from './open-quote.js';

/** A file of clients, cut into parts of at most PART_ROWS rows. */
export interface ClientFile extends FileContents {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
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

const LONGEST_ROW = 1_048_576;
/** Number of bytes after which other work gets a turn. */
const SLICE = 8_192;
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
  return { choices: await encodingChoices(content) };
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
  const delimiter = given ?? (await guessDelimiter(beginning));
  const draft = new FileDraft(sep === '' ? 0 : 1);
  const parser = parse({
    ...TOLERANT,
    delimiter: DELIMITERS[delimiter],
    info: true,
    max_record_size: LONGEST_ROW,
  });
  takeRowsOfAnyLength(parser);
  const source = Readable.from(slices(content, encoding, sep.length));
  pipeline(source, parser, () => undefined); // its error is seen below
  try {
    const time = new TimeSlices();
    for await (const { record, info } of parser) {
      draft.add(record, info.records + info.empty_lines, info.lines);
      if (time.isOver) await time.next();
    }
  } catch (error) {
    throw error instanceof ClientFileError
      ? error
      : await unreadable(error, content, encoding, DELIMITERS[delimiter]);
  }
  return { encoding, delimiter, ...draft.finish() };
}

/**
 * Makes the parser take each row's length as the expected one. Otherwise it makes an error, which holds a copy of the
 * row, for each row that is shorter or longer than the header, although these are allowed.
 */
function takeRowsOfAnyLength(parser: object): void {
  const { state } = parser as { readonly state: { readonly record: readonly string[] } };
  Object.defineProperty(state, 'expectedRecordLength', {
    get: () => state.record.length,
    set: () => undefined,
  });
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
