import type { ClientBase, Submittable } from 'pg';
import type { Prepared } from './prepared-statements.js';
import { type Field, type RowReader, rowReader } from './row-reader.js';

/** One statement on its way, with its values as they are sent. */
export interface Entry {
  readonly sql: string;
  readonly values: readonly (string | Buffer | null)[];
  /** What the server keeps it as; null: for this once. */
  readonly prepared: Prepared | null;
}

/** What the server answered to the statements of a batch. */
export interface BatchResult {
  /** The rows of those that ran, in order. */
  readonly rows: readonly unknown[][];
  /** The command that the last of them was: `SELECT`, `COMMIT`, or `ROLLBACK` where COMMIT found a failure. */
  readonly command: string;
  /** Why the next one failed; those behind it did not run. */
  readonly error: Error | null;
}

/** The part of the driver's connection that is used here. */
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
 * Statements that go to the server in one write, and are answered in one: with a Sync of its own each would make the
 * server write, and wake this process, once more. After one that fails the server passes over the others.
 */
class Batch implements Submittable {
  readonly #rows: unknown[][] = [];
  #current: unknown[] = [];
  #reader: RowReader | null = null;
  #command = '';

  constructor(
    private readonly entries: readonly Entry[],
    private readonly unwanted: readonly string[],
    private readonly done: (outcome: BatchResult) => void,
  ) {}

  /** For whoever watches what is sent. */
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

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#reader = rowReader(fields);
    const prepared = this.entries[this.#rows.length]?.prepared;
    if (prepared) prepared.reader = this.#reader;
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#reader ??= this.entries[this.#rows.length]?.prepared?.reader ?? null;
    this.#current.push(this.#reader?.(fields));
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#command = text;
    this.#next();
  }

  handleEmptyQuery(): void {
    this.#next();
  }

  handleReadyForQuery(): void {
    this.#end(null);
  }

  /** For the server's errors, and for the connection's. */
  handleError(error: Error): void {
    this.#end(error);
  }

  #next(): void {
    this.#rows.push(this.#current);
    this.#current = [];
    this.#reader = null;
  }

  #end(error: Error | null): void {
    this.done({ rows: this.#rows, command: this.#command, error });
  }
}

/**
 * Sends statements together; resolves when all are answered.
 * @param unwanted names of prepared statements to give up
 */
export function sendBatch(
  client: ClientBase,
  entries: readonly Entry[],
  unwanted: readonly string[] = [],
): Promise<BatchResult> {
  return new Promise((resolve) => {
    try {
      client.query(new Batch(entries, unwanted, resolve));
    } catch (error) {
      resolve({ rows: [], command: '', error: error as Error });
    }
  });
}
