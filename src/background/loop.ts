import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../platform/jitter.js';

export interface LoopOptions {
  /** Does the next piece of work, in bounded time. @returns whether there may be more to do at once */
  readonly step: () => Promise<boolean>;
  /** Approximate rest after a step that found no work, in milliseconds. */
  readonly pollMs: number;
  /** Maximum number of concurrent steps; 1 by default. */
  readonly concurrency?: number;
  /** Called with the error of a failed step, once for consecutive equal failures. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Minimum and maximum rest after a failed step, in milliseconds; it doubles with each consecutive failure. */
  readonly retryMs?: { readonly first: number; readonly longest: number };
}

const RETRY_MS = { first: 100, longest: 2_000 };
const STOP_WITHIN_MS = 10_000;

/**
 * A loop that works in the background until it is stopped: step after step while there is something to do, otherwise
 * one step per poll interval or when it is woken. A failing step never ends the loop.
 */
export class BackgroundLoop {
  readonly #stopping = new AbortController();
  readonly #workers: Promise<void>[] = [];
  readonly #inProgress = new Set<Promise<void>>();
  /** Ends the rests of workers. */
  readonly #resting = new Set<() => void>();
  /** Number of times that the loop was woken: a step after which it has changed is followed by another one. */
  #wakes = 0;
  #reported: string | null = null;

  constructor(private readonly options: LoopOptions) {}

  /** Aborted when the loop is asked to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Starts the loop; does nothing if it was started or stopped before. */
  start(): void {
    const { concurrency = 1 } = this.options;
    while (this.#workers.length < concurrency) this.#workers.push(this.#run());
  }

  /** Ends the rest, because there is probably something to do. */
  wake(): void {
    this.#wakes++;
    for (const end of this.#resting) end();
  }

  /** Begins work that goes on beside the steps, and that `stop` waits for. */
  begin(work: () => Promise<void>): void {
    const inProgress = work()
      .catch((error: unknown) => this.#report(error))
      .finally(() => this.#inProgress.delete(inProgress));
    this.#inProgress.add(inProgress);
  }

  /**
   * Begins no further step and waits for work in progress.
   * @param withinMs the longest wait, in milliseconds
   * @returns whether everything was finished
   */
  async stop(withinMs = STOP_WITHIN_MS): Promise<boolean> {
    this.#stopping.abort();
    this.wake();
    const late = new AbortController();
    const finished = await Promise.race([
      this.#finish().then(() => true),
      sleep(withinMs, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    return finished;
  }

  async #finish(): Promise<void> {
    await Promise.all(this.#workers); // whose last steps may begin more
    await Promise.all(this.#inProgress);
  }

  async #run(): Promise<void> {
    const { step, pollMs, retryMs: { first, longest } = RETRY_MS } = this.options;
    let failures = 0;
    while (!this.signal.aborted) {
      const wakes = this.#wakes;
      try {
        const mayHaveMore = await step();
        failures = 0;
        this.#reported = null;
        if (!mayHaveMore && wakes === this.#wakes) await this.#rest(jittered(pollMs));
      } catch (error) {
        this.#report(error);
        // Waking shortens only what follows the first rest: notices may arrive faster than steps fail.
        await sleep(first, undefined, { signal: this.signal }).catch(() => undefined);
        const rest = Math.min(longest, first * 2 ** failures++) - first;
        if (rest > 0 && wakes === this.#wakes) await this.#rest(jittered(rest));
      }
    }
  }

  #rest(milliseconds: number): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#resting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#resting.add(end);
    });
  }

  #report(error: unknown): void {
    const text = String(error);
    if (text === this.#reported) return;
    this.#reported = text;
    try {
      this.options.onError?.(error);
    } catch {
      // A log that fails must not end the loop.
    }
  }
}
