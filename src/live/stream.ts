import type { ServerResponse } from 'node:http';

/** A message in the form in which it is sent. */
export interface Framed {
  readonly text: string;
  /** Of a notification. */
  readonly id?: number | undefined;
  /** Read from the table before the look for what is new has come to it. */
  readonly comesAgain?: boolean;
}

const DRAINS_WITHIN_MS = 30_000;
const ENDS_WITHIN_MS = 1_000;

/**
 * One open stream of a user. What its reader does not take is kept up to a limit; beyond that the stream is cut off,
 * and the browser, which comes back by itself, catches up.
 */
export class LiveStream {
  readonly openedAt = Date.now();
  /** The due time of its next heartbeat, on the clock of the heartbeat timer. */
  beatAt = 0;
  #response: ServerResponse | undefined;
  #ended = false;
  /** What is yet to be sent; null while everything goes straight out. */
  #waiting: Framed[] | null = [];
  #waitingBytes = 0;
  /** Notifications that were sent and are still to be found by a look. */
  #comingAgain: Set<number> | null = null;

  /**
   * @param token when it was issued and when it expires, in seconds since 1970
   * @param limit bytes that may wait
   * @param onEnd called once, however it ends
   */
  constructor(
    readonly userId: number,
    readonly token: { readonly issuedAt: number; readonly expiresAt: number },
    private readonly limit: number,
    private readonly onEnd: (stream: LiveStream) => void,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Begins to send on a response whose head is written: first these texts, however long they take, then what has been
   * kept and what comes. Of notifications that are in both, the first copy counts.
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

  /** Ends it in good order; a reader that does not take the end either is cut off soon after. */
  end(): void {
    if (this.#ended) return;
    const response = this.#response;
    response?.socket?.setTimeout(ENDS_WITHIN_MS, () => response.destroy());
    response?.end();
    this.#close();
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
