import type { ServerResponse } from 'node:http';

/** A message in its wire format. */
export interface Framed {
  readonly text: string;
  /** The notification's id. */
  readonly id?: number | undefined;
  /** Whether a coming look will find the same notification again. */
  readonly comesAgain?: boolean;
}

const DRAINS_WITHIN_MS = 30_000;
const ENDS_WITHIN_MS = 1_000;

/**
 * An open stream of one user. Messages that the reader does not take are buffered up to a limit; beyond it the stream
 * is cut off, and the browser reconnects and catches up.
 */
export class LiveStream {
  readonly openedAt = Date.now();
  /** The due time of its next heartbeat, on the clock of the heartbeat timer. */
  beatAt = 0;
  #response: ServerResponse | undefined;
  #ended = false;
  /** Messages still to be sent; null while everything is written at once. */
  #waiting: Framed[] | null = [];
  #waitingBytes = 0;
  /** Ids of notifications that were sent and that a coming look will find again. */
  #comingAgain: Set<number> | null = null;

  /**
   * @param token when it was issued and when it expires, in seconds since 1970, and its session, if it tells it
   * @param limit maximum number of buffered bytes
   * @param onEnd called once, however the stream ends
   */
  constructor(
    readonly userId: number,
    readonly token: {
      readonly issuedAt: number;
      readonly expiresAt: number;
      readonly sessionId: string | null;
    },
    private readonly limit: number,
    private readonly onEnd: (stream: LiveStream) => void,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Begins to send on a response whose head is written: first these messages, however long they take, then the buffered
   * ones and new ones. A notification that is in both is sent once.
   */
  async start(response: ServerResponse, first: readonly Framed[]): Promise<void> {
    if (this.#ended) {
      response.end();
      return;
    }
    this.#response = response;
    response.on('error', () => this.cutOff());
    response.on('close', () => this.#close());
    if (response.destroyed) return this.#close();
    const again = first.filter(({ comesAgain }) => comesAgain).map(({ id }) => id as number);
    if (again.length > 0) this.#comingAgain = new Set(again);
    for (const { text } of first) {
      if (!response.write(text) && !(await this.#drained(response))) return;
    }
    const sent = new Set(first.map(({ id }) => id));
    sent.delete(undefined);
    this.#waiting = (this.#waiting ?? []).filter(({ id }) => !sent.has(id));
    response.on('drain', () => this.#flush());
    this.#flush();
  }

  send(text: string, id?: number): void {
    if (this.#ended || (id !== undefined && this.#comingAgain?.delete(id))) return;
    if (!this.#waiting) {
      if (this.#response?.write(text) === false) this.#waiting = [];
      return;
    }
    this.#waitingBytes += Buffer.byteLength(text);
    if (this.#waitingBytes > this.limit) this.cutOff();
    else this.#waiting.push({ text, id });
  }

  /** Ends the stream gracefully; a reader that does not take the end either is cut off soon after. */
  end(): void {
    if (this.#ended) return;
    const response = this.#response;
    response?.socket?.setTimeout(ENDS_WITHIN_MS, () => response.destroy());
    response?.end();
    this.#close();
  }

  /** Sends a last message, then ends the stream; one that has not begun yet is left to who begins it. */
  leave(text: string): void {
    if (!this.#response) return;
    this.send(text);
    this.end();
  }

  cutOff(): void {
    this.#response?.destroy();
    this.#close();
  }

  #flush(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.#waitingBytes = 0;
    if (waiting.length > 0) this.send(waiting.map(({ text }) => text).join(''));
  }

  /** Waits until the reader has taken what was written; false when the stream ended instead. */
  async #drained(response: ServerResponse): Promise<boolean> {
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => this.cutOff(), DRAINS_WITHIN_MS);
      const settle = () => {
        clearTimeout(late);
        response.off('drain', settle).off('close', settle);
        resolve();
      };
      response.on('drain', settle).on('close', settle);
    });
    return !this.#ended;
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = null;
    this.onEnd(this);
  }
}
