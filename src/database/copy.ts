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

/**
 * Reads rows with COPY … TO STDOUT. Rows are lines in COPY's text format, each with its line feed. The server waits
 * while the reader does, so that memory holds about two batches however large the table is.
 * @param statement the COPY statement
 * @param batchBytes number of bytes from which a batch is complete; one row more may follow, of whatever length
 * @param onRow called with each row; it must not keep the buffer, which is used again
 * @returns batches of whole rows; a reader that stops early ends the connection
 * @throws database errors
 */
export async function* copyOut(
  client: OwnerClient,
  statement: string,
  batchBytes: number,
  onRow: (row: Buffer) => void,
): AsyncGenerator<Buffer> {
  const batches: Buffer[] = [];
  let rows: Buffer[] = [];
  let bytes = 0;
  let connection: CopyConnection | undefined;
  let ended = false;
  let failure: Error | undefined;
  let wake: () => void = () => undefined;
  const end = (error?: Error) => {
    ended = true;
    failure ??= error;
    wake();
  };
  const cut = () => {
    if (bytes > 0) batches.push(Buffer.concat(rows, bytes));
    rows = [];
    bytes = 0;
  };
  run(client, {
    submit(to) {
      connection = to;
      to.query(statement);
    },
    handleCopyData({ chunk }) {
      onRow(chunk);
      rows.push(Buffer.from(chunk)); // the parser writes over its own
      bytes += chunk.length;
      if (bytes < batchBytes) return;
      cut();
      connection?.stream.pause();
      wake();
    },
    handleCommandComplete: cut,
    handleError: end,
    handleReadyForQuery: () => end(),
  });
  try {
    for (;;) {
      const batch = batches.shift();
      if (batch) yield batch;
      else if (failure) throw failure;
      else if (ended) return;
      else {
        connection?.stream.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
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
