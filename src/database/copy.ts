import type { DatabaseClient } from './client.js';
import type { OwnerClient } from './owner.js';

/** The part of the driver's connection that COPY uses. */
interface CopyConnection {
  readonly stream: { pause(): void; resume(): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A statement as the driver's queue runs it. */
interface Submitted {
  submit(connection: CopyConnection): void;
  handleError(error: Error): void;
  handleCommandComplete(message: { readonly text: string }): void;
  handleReadyForQuery(): void;
  handleCopyInResponse?(connection: CopyConnection): void;
  handleCopyData?(message: { readonly chunk: Buffer }): void;
}

/** Thrown when a reader stops in the middle of a COPY, which ends the connection. */
class CopyStoppedError extends Error {
  override readonly name = 'CopyStoppedError';
}

/** Number of bytes with which a batch begins to grow. */
const FIRST_BYTES = 16 * 1024;

/**
 * Rows that are put together to batches. Their memory is used again: otherwise a large table fills it faster than it is
 * cleared.
 */
class Batches {
  readonly #complete: { readonly memory: Buffer; readonly bytes: number }[] = [];
  #memory: Buffer = Buffer.alloc(0);
  #bytes = 0;
  /** The memory of a batch that was read. */
  #free: Buffer | undefined;

  /** Number of bytes of the batch that is being put together. */
  get bytes(): number {
    return this.#bytes;
  }

  add(row: Buffer): void {
    const needed = this.#bytes + row.length;
    if (needed > this.#memory.length) {
      const free = this.#free;
      this.#free = undefined;
      const larger =
        free && free.length >= needed ? free : Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * needed));
      this.#memory.copy(larger, 0, 0, this.#bytes);
      this.#memory = larger;
    }
    this.#bytes += row.copy(this.#memory, this.#bytes);
  }

  /** Completes the batch. */
  cut(): void {
    if (this.#bytes === 0) return;
    this.#complete.push({ memory: this.#memory, bytes: this.#bytes });
    this.#memory = Buffer.alloc(0);
    this.#bytes = 0;
  }

  /** Yields the complete batches, each valid until the next. */
  *taken(): Generator<Buffer> {
    for (let batch = this.#complete.shift(); batch; batch = this.#complete.shift()) {
      yield batch.memory.subarray(0, batch.bytes);
      this.#free = batch.memory;
    }
  }
}

/**
 * Reads rows with COPY … TO STDOUT. Rows are lines in COPY's text format, each with its line feed. The server waits
 * while the reader does, so that memory holds about two batches however large the table is.
 * @param statement the COPY statement
 * @param batchBytes number of bytes from which a batch is complete; one row more may follow, of whatever length
 * @param onRow called with each row; it must not keep the buffer, which is used again
 * @returns batches of whole rows, each valid until the next is asked for; a reader that stops early ends the connection
 * @throws database errors
 */
export async function* copyOut(
  client: OwnerClient,
  statement: string,
  batchBytes: number,
  onRow: (row: Buffer) => void,
): AsyncGenerator<Buffer> {
  const batches = new Batches();
  let connection: CopyConnection | undefined;
  let ended = false;
  let failure: Error | undefined;
  let wake: () => void = () => undefined;
  const end = (error?: Error) => {
    ended = true;
    failure ??= error;
    wake();
  };
  run(client, {
    submit(to) {
      connection = to;
      to.query(statement);
    },
    handleCopyData({ chunk }) {
      onRow(chunk);
      batches.add(chunk); // the parser writes over its own
      if (batches.bytes < batchBytes) return;
      batches.cut();
      connection?.stream.pause();
      wake();
    },
    handleCommandComplete: () => batches.cut(),
    handleError: end,
    handleReadyForQuery: () => end(),
  });
  try {
    for (;;) {
      yield* batches.taken();
      if (failure) throw failure;
      if (ended) return;
      connection?.stream.resume();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    // Waiting for the rest of a large table would take longer than to connect anew.
    if (!ended) (client as DatabaseClient).abandon(new CopyStoppedError('the table was not read to its end'));
  }
}

/**
 * Writes rows with COPY … FROM STDIN.
 * @param statement the COPY statement
 * @param rows whole rows in COPY's text format
 * @returns their number
 * @throws database errors
 */
export function copyIn(client: OwnerClient, statement: string, rows: Buffer): Promise<number> {
  let count = 0;
  return new Promise((resolve, reject) => {
    run(client, {
      submit: (connection) => connection.query(statement),
      handleCopyInResponse(connection) {
        connection.sendCopyFromChunk(rows);
        connection.endCopyFrom();
      },
      handleCommandComplete({ text }) {
        count = Number(text.split(' ')[1]);
      },
      handleError: reject,
      handleReadyForQuery: () => resolve(count),
    });
  });
}

function run(client: OwnerClient, submitted: Submitted): void {
  client.query(submitted as unknown as Parameters<OwnerClient['query']>[0] as never);
}
