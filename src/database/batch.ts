import type { ClientBase, Submittable } from 'pg';
import { AnswerTooLargeError } from './answer-bounds.js';
import type { Prepared } from './prepared-statements.js';
import { columnsRead, type ResultColumn, type RowReader, rowReader } from './row-reader.js';

/** A statement of a batch, with its values in wire format. */
export interface Entry {
  readonly sql: string;
  readonly values: readonly (string | Buffer | null)[];
  /** The prepared statement under which the server keeps it; null if it is not kept. */
  readonly prepared: Prepared | null;
}

/** The server's answer to the statements of a batch. */
export interface BatchResult {
  /** The rows of the statements that ran, in order. */
  readonly rows: readonly unknown[][];
  /** The tag of the last of them that ended a transaction: `COMMIT`, or `ROLLBACK` where COMMIT found a failure; else ''. */
  readonly ended: string;
  /** The error of the next statement; those behind it did not run. */
  readonly error: Error | null;
}

/** The methods of the driver's connection that are used here. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { name?: string; text: string }): void;
  bind(message: { statement?: string; values: readonly (string | Buffer | null)[] }): void;
  describe(message: { type: 'S' | 'P'; name?: string }): void;
  execute(): void;
  close(message: { type: 'S'; name: string }): void;
  sync(): void;
}

const UNNAMED = '';

/**
 * Statements that are sent in one write and answered in one: a Sync for each would make the server write, and wake this
 * process, each time. After a failing statement the server skips the others.
 */
class Batch implements Submittable {
  readonly #rows: unknown[][] = [];
  #current: unknown[] = [];
  #reader: RowReader | null = null;
  #ended = '';

  constructor(
    private readonly entries: readonly Entry[],
    private readonly unwanted: readonly string[],
    private readonly done: (outcome: BatchResult) => void,
  ) {}

  /** The statements sent, for observers. */
  get statements(): readonly Entry[] {
    return this.entries;
  }

  submit(connection: unknown): null {
    const wire = connection as Wire;
    wire.stream.cork();
    try {
      for (const name of this.unwanted) wire.close({ type: 'S', name });
      for (const { sql, values, prepared } of this.entries) {
        const name = prepared?.name ?? UNNAMED;
        if (!prepared?.sent) wire.parse({ name, text: sql });
        if (prepared && !prepared.sent) wire.describe({ type: 'S', name });
        wire.bind({ statement: name, values });
        if (!prepared) wire.describe({ type: 'P' });
        wire.execute();
        if (prepared) prepared.sent = true;
      }
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  handleRowDescription({ fields }: { fields: readonly ResultColumn[] }): void {
    this.#reader = rowReader(fields);
    const prepared = this.entries[this.#rows.length]?.prepared;
    if (prepared) prepared.reader = this.#reader;
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#reader ??= this.entries[this.#rows.length]?.prepared?.reader ?? null;
    this.#current.push(this.#reader?.(fields));
  }

  handleCommandComplete({ text }: { text: string }): void {
    if (text === 'COMMIT' || text === 'ROLLBACK') this.#ended = text;
    this.#next();
  }

  handleEmptyQuery(): void {
    this.#next();
  }

  handleReadyForQuery(): void {
    this.#end(null);
  }

  /** Ends the batch with an error of the server or of the connection. */
  handleError(error: Error): void {
    const entry = this.entries[this.#rows.length];
    if (error instanceof AnswerTooLargeError && entry) {
      const reader = this.#reader ?? entry.prepared?.reader;
      error.statement = { sql: entry.sql, columns: reader ? columnsRead(reader) : [] };
    }
    this.#end(error);
  }

  #next(): void {
    this.#rows.push(this.#current);
    this.#current = [];
    this.#reader = null;
  }

  #end(error: Error | null): void {
    this.done({ rows: this.#rows, ended: this.#ended, error });
  }
}

/** Sends statements together; resolves when all are answered. @param unwanted names of prepared statements to close */
export function sendBatch(
  client: ClientBase,
  entries: readonly Entry[],
  unwanted: readonly string[] = [],
): Promise<BatchResult> {
  return new Promise((resolve) => {
    try {
      client.query(new Batch(entries, unwanted, resolve));
    } catch (error) {
      resolve({ rows: [], ended: '', error: error as Error });
    }
  });
}
