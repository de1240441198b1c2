import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { StreamStatus } from '../src/index.js';
import type { Client } from './agency.js';
import { believer, closeServers, json, pour, serve } from './hostile-server.js';
import { type LeopardClientModule, loadPackage } from './packed.js';

let library: LeopardClientModule;
beforeAll(async () => {
  library = await loadPackage();
}, 240_000);
afterEach(closeServers);

const clientOf = (baseUrl: string, options: object = {}) => believer(library, baseUrl, options);

describe('a stream', () => {
  const events = (response: ServerResponse, text = '') =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text);
  const notification = (id: number) =>
    `id: ${id}\ndata: {"type":"notification_message","notification":{"id":${id}}}\n\n`;

  /** Reads a stream until it has this many messages. */
  async function readSome(client: Client, count: number, options = {}) {
    const statuses: StreamStatus[] = [];
    const stream = client.stream({ onStatus: (status) => void statuses.push(status), ...options });
    const ids: number[] = [];
    for await (const message of stream) {
      if (message.type === 'notification_message') ids.push(message.notification.id);
      if (ids.length === count) break;
    }
    return { stream, statuses, ids };
  }

  test('waits as long as the server asks, tells it the last id, and shows what comes twice once', async () => {
    const lastIds: unknown[] = [];
    const { url } = await serve((request, response, count) => {
      lastIds.push(request.headers['last-event-id']);
      events(
        response,
        `retry: 40\n${notification(count * 2)}${notification(count * 2 - 1)}${notification(2)}`,
      );
      response.end();
    });
    const { ids, statuses } = await readSome(clientOf(url), 4);
    expect(ids).toEqual([2, 1, 4, 3]);
    expect(lastIds).toEqual([undefined, '2']);
    expect(statuses.find(({ state }) => state === 'waiting')).toMatchObject({ ms: 40, error: null });
  });

  test.each([
    ['a line without an end', (response: ServerResponse) => pour(response, 'x'.repeat(65_536))],
    ['an event without an end', (response: ServerResponse) => pour(response, `data: ${'x'.repeat(1_000)}\n`)],
  ])('%s breaks the connection, and the stream goes on', async (_what, flood) => {
    const { url } = await serve((_request, response, count) => {
      events(response, count === 1 ? 'retry: 1\n\n' : notification(7));
      if (count === 1) flood(response);
    });
    const { ids, statuses } = await readSome(clientOf(url), 1);
    expect(ids).toEqual([7]);
    expect(statuses).toContainEqual(
      expect.objectContaining({ state: 'waiting', error: expect.objectContaining({ reason: 'too_large' }) }),
    );
  });

  test('messages of no known form are passed over, in whatever parts and lines they come', async () => {
    const { url } = await serve((_request, response) => {
      const text = [
        '\uFEFF: comment\r\n\r\n',
        'data: nonsense\n\n',
        'data: {"type":"constructor"}\n\n',
        'data: {"type":"notification_message"}\n\n',
        'data: null\rdata: 1\r\r',
        'event: other\nid: 5\u0000\nretry: soon\n\n',
        'id: 8\r\ndata: {"type":"notification_message",\r\ndata: "notification":{"id":8}}\r\n\r\n',
      ].join('');
      events(response);
      (async () => {
        for (const byte of Buffer.from(text)) {
          response.write(Buffer.from([byte]));
          await sleep(0);
        }
      })();
    });
    const { ids, stream } = await readSome(clientOf(url), 1);
    expect([ids, stream.lastEventId]).toEqual([[8], '8']);
  });

  test('waits longer after each failure, and ends where another attempt would be in vain', async () => {
    const { url } = await serve((_request, response, count) => {
      if (count < 4) events(response, 'retry: 1\n\n');
      if (count < 4) response.end();
      else json(response, { detail: 'Account suspended' }, 403);
    });
    const { stream, statuses } = await readSome(clientOf(url), 1);
    expect(stream.error).toMatchObject({ kind: 'detail', status: 403 });
    expect(statuses.filter(({ state }) => state === 'waiting')).toHaveLength(3);
    const busy = await serve((_request, response) =>
      json(response, { detail: 'x' }, 429, { 'retry-after': '30' }),
    );
    const client = clientOf(busy.url);
    const waits: number[] = [];
    const stop = new AbortController();
    const onStatus = (status: StreamStatus) => {
      if (status.state !== 'waiting') return;
      waits.push(status.ms);
      stop.abort();
    };
    for await (const message of client.stream({ onStatus, signal: stop.signal }))
      throw new Error(message.type);
    expect(waits).toEqual([30_000]);
  });
});
