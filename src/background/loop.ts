import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../platform/jitter.js';

export interface LoopOptions {
  /**
   * Does the next piece of work, in bounded time.
   * @returns whether there may be more to do at once, or the milliseconds after which to look again instead of polling
   */
  readonly step: () => Promise<boolean | number>;
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
  readonly #stopping = shared();
  readonly #workers: Promise<void>[] = [];
  readonly #inProgress = new Set<Promise<void>>();
  /** Aborted, and replaced, when the loop is woken. A rest heeds that from before its step, lest it miss a wake-up. */
  #waking = shared();
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
    const waking = this.#waking;
    this.#waking = shared();
    waking.abort();
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
      rest(withinMs, late.signal).then(() => false),
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
      const { signal: woken } = this.#waking;
      try {
        const next = await step();
        failures = 0;
        this.#reported = null;
        if (next !== true) await rest(next === false ? jittered(pollMs) : next, woken);
      } catch (error) {
        const { signal: wokenSince } = this.#waking;
        this.#report(error);
        // Waking shortens only what comes after the first rest: notices may arrive faster than steps fail.
        await rest(first, this.signal);
        await rest(jittered(Math.min(longest, first * 2 ** failures++) - first), wokenSince);
      }
    }
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

/** Returns a controller whose signal any number of workers may wait for. */
function shared(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Waits until the time, in milliseconds, is over or the signal ends it. */
async function rest(time: number, signal: AbortSignal): Promise<void> {
  await sleep(time, undefined, { signal }).catch(() => undefined);
}
