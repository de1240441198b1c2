import { describe, expect, test } from 'vitest';
import { Pulse } from './pulse.js';
import { LiveStream } from './stream.js';

const START = 1_800_000_000_000;

/** Streams that note what is sent to them. */
class Noting extends LiveStream {
  readonly sent: string[] = [];

  override send(text: string): void {
    this.sent.push(text);
  }
}

function streamsOf(pulse: Pulse, count: number, expiresAt = START): Noting[] {
  return Array.from({ length: count }, () => {
    const stream = new Noting(1, { issuedAt: 0, expiresAt }, 1_000, (ended) => pulse.delete(ended));
    pulse.add(stream, START);
    return stream;
  });
}

describe('the pulse', () => {
  test('gives each stream a heartbeat per period, spread over its seconds', () => {
    const pulse = new Pulse(30, () => undefined);
    const streams = streamsOf(pulse, 3_000, START);
    for (let second = 1; second <= 60; second++) {
      const before = streams.reduce((sum, { sent }) => sum + sent.length, 0);
      pulse.tick(START + second * 1_000 - 1_000_000_000);
      expect(streams.reduce((sum, { sent }) => sum + sent.length, 0) - before).toBe(100);
    }
    expect(new Set(streams.map(({ sent }) => sent.length))).toEqual(new Set([2]));
    pulse.endAll();
    expect(pulse.size).toBe(0);
  });

  test('gives a stream that is alone its first heartbeat after a whole period', () => {
    const pulse = new Pulse(30, () => undefined);
    const [stream] = streamsOf(pulse, 1, START);
    for (let second = 1; second < 30; second++) pulse.tick(START - 3_000_000 + second * 1_000);
    expect(stream?.sent).toEqual([]);
    pulse.tick(START - 3_000_000 + 30_000);
    expect(stream?.sent).toEqual([
      `data: {"type":"heartbeat","timestamp":"${new Date(START - 2_970_000).toISOString()}"}\n\n`,
    ]);
    pulse.endAll();
  });

  test('ends streams in the second in which their token expires', () => {
    const pulse = new Pulse(30, () => undefined);
    const [first] = streamsOf(pulse, 1, START / 1_000 + 5);
    const [second] = streamsOf(pulse, 1, START / 1_000 + 6);
    pulse.tick(START + 4_999);
    expect([first?.ended, second?.ended]).toEqual([false, false]);
    pulse.tick(START + 5_001);
    expect([first?.ended, second?.ended]).toEqual([true, false]);
    pulse.endAll();
  });
});
