import { frame } from './messages.js';
import type { LiveStream } from './stream.js';

const SECOND = 1_000;

/**
 * What all streams of the process have in common: one timer, which sends heartbeats, spread over the seconds, and ends
 * streams whose token has expired.
 */
export class Pulse {
  readonly #streams = new Set<LiveStream>();
  readonly #onBeat: number[];
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param period seconds between two heartbeats of a stream
   * @param onSecond called once a second while there are streams
   */
  constructor(
    private readonly period: number,
    private readonly onSecond: () => void,
  ) {
    this.#onBeat = new Array<number>(period).fill(0);
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: LiveStream, now = Date.now()): void {
    stream.beat = this.#quietestBeat(Math.floor(now / SECOND));
    this.#onBeat[stream.beat] = (this.#onBeat[stream.beat] ?? 0) + 1;
    this.#streams.add(stream);
    this.#schedule();
  }

  delete(stream: LiveStream): void {
    if (!this.#streams.delete(stream)) return;
    this.#onBeat[stream.beat] = (this.#onBeat[stream.beat] ?? 0) - 1;
    if (this.#streams.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  endAll(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** What happens in each second. */
  tick(now = Date.now()): void {
    const beat = Math.floor(now / SECOND) % this.period;
    const timestamp = new Date(now).toISOString();
    const heartbeat = frame({ type: 'heartbeat', timestamp });
    for (const stream of this.#streams) {
      if (stream.token.expiresAt * SECOND <= now) stream.end();
      else if (stream.beat === beat) stream.send(heartbeat);
    }
  }

  /** Of those with the fewest streams the one whose turn is farthest away: this very second's. */
  #quietestBeat(second: number): number {
    let best = second % this.period;
    for (let later = this.period - 1; later > 0; later--) {
      const beat = (second + later) % this.period;
      if ((this.#onBeat[beat] as number) < (this.#onBeat[best] as number)) best = beat;
    }
    return best;
  }

  #schedule(): void {
    if (this.#timer) return;
    const untilNext = SECOND - (Date.now() % SECOND);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.tick();
      this.onSecond();
      if (this.#streams.size > 0) this.#schedule();
    }, untilNext);
    this.#timer.unref();
  }
}
