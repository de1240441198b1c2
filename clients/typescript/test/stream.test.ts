import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestApp } from '../../../test/helpers/app.js';
import { notify } from '../../../test/helpers/notifications.js';
import { startTcpProxy } from '../../../test/helpers/tcp-proxy.js';
import type { LiveMessage, LiveStream, StreamOptions, StreamStatus } from '../src/index.js';
import { type Agency, type Client, dataOf, startAgency } from './agency.js';

let agency: Agency;
beforeAll(async () => {
  agency = await startAgency({ live: { heartbeat: 1 }, environment: { ACCESS_TOKEN_LIFETIME: '3' } });
}, 240_000);
const opened: AbortController[] = [];
afterEach(() => {
  for (const controller of opened.splice(0)) controller.abort();
});
afterAll(() => agency?.close());

/** Opens a stream and reads its messages as they come. */
function read(client: Client, options: StreamOptions = {}) {
  const controller = new AbortController();
  opened.push(controller);
  const messages: LiveMessage[] = [];
  const statuses: StreamStatus[] = [];
  const onStatus = (status: StreamStatus) => void statuses.push(status);
  const stream: LiveStream = client.stream({ signal: controller.signal, onStatus, ...options });
  const ended = (async () => {
    for await (const message of stream) messages.push(message);
  })();
  const until = (type: LiveMessage['type'], count = 1) =>
    expect.poll(() => messages.filter((message) => message.type === type).length).toBe(count);
  const notifications = () =>
    messages.flatMap((message) => (message.type === 'notification_message' ? [message.notification.id] : []));
  return { stream, messages, statuses, controller, ended, until, notifications };
}

test('typed messages come as things happen, and the stream goes on when its token has expired', async () => {
  const client = await agency.signedIn('consultant1');
  const { messages, statuses, until, controller, ended, stream } = read(client);
  await until('connection_established');
  const [id = 0] = await notify(agency.app, 'consultant1', [{ title: 'First' }]);
  await until('notification_message');
  const first = messages.find((message) => message.type === 'notification_message');
  expect(first?.notification).toMatchObject({ id, title: 'First' });
  expect(stream.lastEventId).toBe(String(id));
  dataOf(await client.post('/api/v1/notifications/{id}/mark_read/', { path: { id } }));
  await until('notification_read');
  expect(messages.slice(-2)).toEqual([
    { type: 'notification_read', notification_ids: [id] },
    { type: 'unread_count_update', unread_count: 0 },
  ]);
  await until('connection_established', 2); // the first token lived for 3 s
  await notify(agency.app, 'consultant1');
  await until('notification_message', 2);
  controller.abort();
  await ended;
  expect(stream.error?.kind).toBe('aborted');
  expect(statuses.map(({ state }) => state)).toEqual([
    ...['connecting', 'open', 'waiting', 'connecting', 'open', 'ended'],
  ]);
});

test('a connection that breaks, or is silent, is opened again; what was missed comes once', async () => {
  const { databases, base } = agency.app;
  const proxy = await startTcpProxy({
    ...databases.app,
    host: '127.0.0.1',
    port: Number(new URL(base).port),
  });
  try {
    const client = await agency.signedIn('branch1', { baseUrl: `http://127.0.0.1:${proxy.settings.port}` });
    const { notifications, until, statuses } = read(client, { silenceMs: 1_500 });
    await until('connection_established');
    const before = await notify(agency.app, 'branch1');
    await until('notification_message');
    proxy.cut();
    const missed = await notify(agency.app, 'branch1', [{}, {}]);
    await until('notification_message', 3);
    proxy.stallOpen();
    const silent = await notify(agency.app, 'branch1');
    await expect
      .poll(() => statuses.some((status) => status.state === 'waiting' && status.error?.kind === 'timeout'), {
        timeout: 10_000,
      })
      .toBe(true);
    await until('notification_message', 4);
    await sleep(100);
    expect(notifications()).toEqual([...before, ...missed, ...silent]);
  } finally {
    await proxy.close();
  }
});

test('a process that stops sends the stream to another one, and nothing is lost between them', async () => {
  const leaving = await startTestApp({ sharing: agency.app });
  let base = leaving.base;
  const client = await agency.signedIn('consultant3', {
    fetch: (input, init) => fetch(String(input).replace(agency.app.base, base), init),
  });
  const { until, statuses, notifications } = read(client);
  await until('connection_established');
  const before = await notify(agency.app, 'consultant3');
  await until('notification_message');
  base = agency.app.base;
  await leaving.close();
  const between = await notify(agency.app, 'consultant3');
  await until('notification_message', 2);
  expect(notifications()).toEqual([...before, ...between]);
  // It left by the server's word, not by a broken connection.
  expect(statuses.find(({ state }) => state === 'waiting')).toMatchObject({ error: null });
});

test('goes on where an earlier stream ended, and stops with its loop', async () => {
  const client = await agency.signedIn('branch3');
  const first = client.stream();
  for await (const message of first) {
    if (message.type === 'connection_established') await notify(agency.app, 'branch3');
    else break;
  }
  expect(first.error?.kind).toBe('aborted');
  const missed = await notify(agency.app, 'branch3');
  const { until, notifications } = read(client, { lastEventId: first.lastEventId });
  await until('notification_message');
  expect(notifications()).toEqual(missed);
  await expect(first[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError);
});

test('ends with the session, and is nobody else’s', async () => {
  const client = await agency.signedIn('consultant12');
  const { until, ended, stream } = read(client);
  await until('connection_established');
  dataOf(await client.session.logOut());
  await ended;
  expect(stream.error?.kind).toBe('signed_out');

  const other = read(await agency.signedIn('consultant12'));
  await other.until('connection_established');
  const replaced = read(client);
  await replaced.ended;
  expect(replaced.stream.error?.kind).toBe('signed_out');
});
