import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LivePair, startLivePair } from '../helpers/live.js';
import { notify } from '../helpers/notifications.js';

let pair: LivePair;
beforeAll(async () => {
  pair = await startLivePair();
});
afterAll(() => pair?.close());

test('a client that comes back gets a megabyte at most, whatever was written, and hears that it is not all', async () => {
  const written = [
    ...new Array(150).fill({ message: 'x'.repeat(9_000) }),
    { message: 'x'.repeat(5_000_000) },
  ];
  const ids = await notify(pair.app, 'branch3', written);
  const stream = await pair.open({ user: 'branch3', headers: { 'last-event-id': '0' } });
  await stream.until('notification_message', 100);
  await sleep(150);
  expect(stream.of('notifications_cut')).toHaveLength(1);
  expect(stream.ids).toEqual(ids.slice(-stream.ids.length));
  expect(JSON.stringify(stream.received).length).toBeLessThan(1.2 * 1024 * 1024);
  stream.close();
});
