import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { UserRequest } from '../../routing/route.js';
import { BYTE_ORDER_MARK } from './csv.js';

/** A function that makes the next piece of a file, such as the lines of one batch of records; null at the end. */
export type NextPiece = () => Promise<string | null>;

export interface CsvAnswer {
  /** The file's name, in characters that need no quoting. */
  readonly filename: string;
  /** Whether it begins with a byte order mark. */
  readonly mark?: boolean | undefined;
  readonly next: NextPiece;
}

export const CSV = 'text/csv';

/** Time after which a reader that takes nothing is cut off. */
const STALLED_MS = 60_000;

/**
 * Answers with a file that is made while it is sent, each piece only when the reader has taken those before it. So a
 * slow reader holds no database connection, and one that disconnects ends the work.
 * @throws what the first piece throws, as an answer of its own; later failures cut the answer off
 */
export async function sendCsv(
  request: UserRequest,
  reply: FastifyReply,
  answer: CsvAnswer,
): Promise<unknown> {
  const first = await answer.next();
  reply
    .type(`${CSV}; charset=utf-8`)
    .header('content-disposition', `attachment; filename="${answer.filename}"`)
    .header('cache-control', 'no-store');
  if (request.raw.method === 'HEAD') return reply.send('');
  const mark = answer.mark ? BYTE_ORDER_MARK : '';
  return reply.send(new Pieces(mark + (first ?? ''), first === null ? async () => null : answer.next));
}

/** A stream of such pieces. */
export class Pieces extends Readable {
  #first: string | null;
  #stalled: NodeJS.Timeout | undefined;

  /** @param stalledMs timeout for a reader that takes nothing */
  constructor(
    first: string,
    private readonly next: NextPiece,
    private readonly stalledMs = STALLED_MS,
  ) {
    super({ encoding: 'utf8' });
    this.#first = first;
  }

  override _read(): void {
    clearTimeout(this.#stalled);
    if (this.#first) {
      this.#give(this.#first);
      this.#first = null;
      return;
    }
    this.next().then(
      (piece) => this.#give(piece),
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#stalled);
    done(error);
  }

  #give(piece: string | null): void {
    if (this.destroyed) return;
    this.#stalled = setTimeout(() => this.destroy(new Error('the reader has stalled')), this.stalledMs);
    this.#stalled.unref();
    this.push(piece);
  }
}
