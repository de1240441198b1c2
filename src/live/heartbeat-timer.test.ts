import { describe, expect, test } from 'vitest';
import { HeartbeatTimer } from './heartbeat-timer.js';
import { LiveStream } from './stream.js';

const FAR = Date.now() / 1_000 + 3_600;

/** A clock that is set by hand, in milliseconds. */
class Clock {
  now = 5_000_000;
  readonly read = () => this.now;
}

/** A stream that records when something is sent to it. */
class Noting extends LiveStream {
  readonly sentAt: number[] = [];
  readonly sent: string[] = [];
  readonly addedAt: number;

  constructor(
    private readonly clock: () => number,
    expiresAt: number,
    onEnd: (stream: LiveStream) => void,
  ) {
    super(1, { issuedAt: 0, expiresAt, sessionId: null }, 1_000, onEnd);
    this.addedAt = clock();
  }

  override send(text: string): void {
    this.sent.push(text);
    this.sentAt.push(this.clock());
  }

  /** The longest time without a message since the stream was opened. */
  get longestSilence(): number {
    const moments = [this.addedAt, ...this.sentAt, this.clock()];
    return Math.max(...moments.slice(1).map((moment, index) => moment - (moments[index] as number)));
  }
}

function timerOf(clock: Clock, period = 30) {
  const timer = new HeartbeatTimer({ period, onSecond: () => undefined, clock: clock.read });
  const add = (expiresAt = FAR) => {
    const stream = new Noting(clock.read, expiresAt, (ended) => timer.delete(ended));
    timer.add(stream);
    return stream;
  };
  return { timer, add };
}

describe('the heartbeat timer', () => {
  test('gives each stream a heartbeat per period, spread over its seconds', () => {
    const clock = new Clock();
    const { timer, add } = timerOf(clock);
    const streams = Array.from({ length: 3_000 }, () => add());
    for (let second = 1; second <= 60; second++) {
      const before = streams.reduce((sum, { sent }) => sum + sent.length, 0);
      clock.now += 1_000;
      timer.tick();
      expect(streams.reduce((sum, { sent }) => sum + sent.length, 0) - before).toBe(100);
    }
    expect(new Set(streams.map(({ sent }) => sent.length))).toEqual(new Set([2]));
    timer.endAll();
    expect(timer.size).toBe(0);
  });

  test('gives a stream that is alone its first heartbeat after a whole period', () => {
    const clock = new Clock();
    const { timer, add } = timerOf(clock);
    const stream = add();
    clock.now += 29_999;
    timer.tick();
    expect(stream.sent).toEqual([]);
    clock.now += 1;
    timer.tick();
    expect(stream.sent).toEqual([
      expect.stringMatching(/^data: {"type":"heartbeat","timestamp":"[^"]+Z"}\n\n$/),
    ]);
    timer.endAll();
  });

  test('leaves no stream without one although its timer is late and passes over seconds', () => {
    const clock = new Clock();
    const { timer, add } = timerOf(clock);
    const streams: Noting[] = [];
    for (let tick = 0; tick < 300; tick++) {
      if (streams.length < 300) streams.push(add(), add()); // as their users come
      clock.now += 1_000 + ((tick * 379) % 1_400); // up to 2.4 s between two ticks
      timer.tick();
    }
    for (const stream of streams) expect(stream.longestSilence).toBeLessThanOrEqual(30_000 + 2_400);
    timer.endAll();
  });

  test('goes on after a second in which something failed', async () => {
    const errors: unknown[] = [];
    let seconds = 0;
    const timer = new HeartbeatTimer({
      period: 1,
      onSecond: () => {
        if (++seconds === 1) throw new Error('once');
      },
      onError: (error) => errors.push(error),
    });
    const stream = new Noting(
      () => performance.now(),
      FAR,
      (ended) => timer.delete(ended),
    );
    timer.add(stream);
    await expect.poll(() => stream.sent.length).toBeGreaterThan(1);
    expect(errors).toEqual([new Error('once')]);
    timer.endAll();
  });

  test('ends streams in the second in which their token expires', () => {
    const clock = new Clock();
    const { timer, add } = timerOf(clock);
    const [expired, valid] = [add(Date.now() / 1_000 - 1), add(Date.now() / 1_000 + 60)];
    clock.now += 1_000;
    timer.tick();
    expect([expired.ended, valid.ended]).toEqual([true, false]);
    timer.endAll();
  });
});
