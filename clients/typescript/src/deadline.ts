import type { AbortedError, TimeoutError } from './result.js';

const LONGEST_MS = 2 ** 31 - 1; // a timer's maximum

/** The time that one call may take in all, together with the caller's signal. Close it when the call is over. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #over: Promise<TimeoutError | AbortedError>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endsAt = Number.POSITIVE_INFINITY;
  #end: (error: TimeoutError | AbortedError) => void = () => undefined;
  #error: TimeoutError | AbortedError | null = null;

  /** @param ms time from now on, in milliseconds */
  constructor(
    ms: number,
    private readonly outer?: AbortSignal | undefined,
  ) {
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.restart(ms);
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener('abort', this.#abort);
  }

  /** Aborts what is under way once the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The reason why the call is over; null while it is not. */
  get error(): TimeoutError | AbortedError | null {
    return this.#error;
  }

  /** Milliseconds left. */
  get remaining(): number {
    return this.#error ? 0 : Math.max(0, this.#endsAt - performance.now());
  }

  /** Returns what the work gives, or the error when the time is over first; the work may then go on unseen. */
  async race<T>(work: Promise<T>): Promise<T | TimeoutError | AbortedError> {
    if (!this.#error) return await Promise.race([work, this.#over]);
    work.catch(() => undefined); // nobody waits for it any more
    return this.#error;
  }

  /** Waits for some milliseconds. @returns the error when the time is over first */
  async sleep(ms: number): Promise<TimeoutError | AbortedError | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slept = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), ms);
    });
    const over = await this.race(slept);
    clearTimeout(timer);
    return over;
  }

  /** Begins the time anew, for the next part of what is under way. */
  restart(ms: number): void {
    if (this.#error) return;
    const afterMs = Math.min(Math.max(ms, 0), LONGEST_MS);
    const late = { kind: 'timeout', message: `Nothing came within ${afterMs} ms.`, afterMs } as const;
    this.pause();
    this.#endsAt = performance.now() + afterMs;
    this.#timer = setTimeout(() => this.stop(late), afterMs);
  }

  /** Stops the time; the caller's signal goes on to count. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#endsAt = Number.POSITIVE_INFINITY;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = () => this.stop({ kind: 'aborted', message: 'The call was ended by its caller.' });

  /** Ends the call before its time. */
  stop(error: TimeoutError | AbortedError): void {
    if (this.#error) return;
    this.#error = error;
    this.#controller.abort();
    this.#end(error);
    this.close();
  }
}
