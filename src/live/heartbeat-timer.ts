import { frame } from './messages.js';
import type { LiveStream } from './stream.js';

const SECOND = 1_000;

/** The options of the streams' shared timer. */
export interface HeartbeatOptions {
  /** Seconds between two heartbeats of a stream. */
  readonly period: number;
  /** Called once a second while there are streams. */
  readonly onSecond: () => void;
  /** Called for an error in one second; the timer goes on. */
  readonly onError?: (error: unknown) => void;
  /** Returns the milliseconds of a monotonic clock. */
  readonly clock?: () => number;
}

/**
 * The timer shared by all streams of the process. It sends heartbeats, spread over the seconds, and ends streams whose
 * token has expired.
 */
export class HeartbeatTimer {
  readonly #streams = new Set<LiveStream>();
  /** Number of streams due in each second of the period. */
  readonly #dueBySecond: number[];
  readonly #clock: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: HeartbeatOptions) {
    this.#dueBySecond = new Array<number>(options.period).fill(0);
    this.#clock = options.clock ?? (() => performance.now());
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: LiveStream): void {
    const second = this.#quietestSecond(Math.floor(this.#clock() / SECOND));
    stream.beatAt = second * SECOND;
    this.#count(stream, 1);
    this.#streams.add(stream);
    this.#schedule();
  }

  delete(stream: LiveStream): void {
    if (!this.#streams.delete(stream)) return;
    this.#count(stream, -1);
    if (this.#streams.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  endAll(): void {
    for (const stream of this.#streams) stream.end();
  }

  /**
   * Sends the heartbeats that are due, by the due time of each stream and not by the current second: a late timer, or a
   * second that is skipped while the process is busy, delays heartbeats but drops none.
   */
  tick(): void {
    const now = this.#clock();
    const wallClock = Date.now();
    const heartbeat = frame({ type: 'heartbeat', timestamp: new Date(wallClock).toISOString() });
    for (const stream of this.#streams) {
      if (stream.token.expiresAt * SECOND <= wallClock) stream.end();
      else if (stream.beatAt <= now) {
        // The next one follows a whole number of periods later, so that streams stay spread over the seconds.
        const period = this.options.period * SECOND;
        stream.beatAt += period * (1 + Math.floor((now - stream.beatAt) / period));
        stream.send(heartbeat);
      }
    }
  }

  #count(stream: LiveStream, change: 1 | -1): void {
    const second = (stream.beatAt / SECOND) % this.options.period;
    this.#dueBySecond[second] = (this.#dueBySecond[second] as number) + change;
  }

  /** Finds the second of the coming period with the fewest streams; the last one of several. */
  #quietestSecond(second: number): number {
    const { period } = this.options;
    let best = second + period;
    for (let next = best - 1; next > second; next--) {
      if ((this.#dueBySecond[next % period] as number) < (this.#dueBySecond[best % period] as number))
        best = next;
    }
    return best;
  }

  #schedule(): void {
    if (this.#timer) return;
    const untilNext = Math.ceil(SECOND - (this.#clock() % SECOND)); // timers truncate fractions
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      try {
        this.tick();
        this.options.onSecond();
      } catch (error) {
        this.options.onError?.(error);
      } finally {
        if (this.#streams.size > 0) this.#schedule();
      }
    }, untilNext);
    this.#timer.unref();
  }
}
