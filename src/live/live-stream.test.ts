import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import type { EventStream } from '../../test/helpers/event-stream.js';
import { type LiveOpen, type LivePair, startLivePair } from '../../test/helpers/live.js';
import { longestPause } from '../../test/helpers/longest-turn.js';
import { insertNotifications, notify } from '../../test/helpers/notifications.js';
import { idOf } from '../../test/helpers/staff.js';
import { Database } from '../database/database.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { statement } from '../database/statement.js';

const PATH = '/api/v1/notifications/';
const main = { schema: 'tenant_main', userId: null };

let pair: LivePair;
let app: TestApp;
let other: TestApp;
let tokens: Readonly<Record<string, string>>;

beforeAll(async () => {
  pair = await startLivePair();
  ({ app, other, tokens } = pair);
});
afterEach(() => pair?.closeStreams());
afterAll(() => pair?.close());

const open = (options?: LiveOpen) => pair.open(options);

/** Returns a promise that is resolved from outside. */
function later() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

/** Waits for a message that should not come. */
const aWhile = () => sleep(150);

describe('who may', () => {
  const refused = async (options: LiveOpen) => {
    const stream = await open(options);
    await stream.ended;
    const { statusCode, headers } = stream.response;
    return [statusCode, JSON.parse(stream.raw), headers['www-authenticate']];
  };
  const challenge = 'Bearer realm="api"';

  test('nobody without a valid token: 401', async () => {
    const none = 'Authentication credentials were not provided.';
    expect(await refused({ token: undefined })).toEqual([401, { error: none }, challenge]);
    expect(await refused({ token: undefined, search: '?token=' })).toEqual([401, { error: none }, challenge]);
    for (const asked of [{ token: 'x' }, { token: undefined, search: '?token=x' }]) {
      const [status, body] = await refused(asked);
      expect([status, body]).toEqual([401, { error: 'Given token not valid for any token type' }]);
    }
    const method = await app.ask('POST', `${PATH}stream/`);
    expect([method.status, method.body]).toEqual([401, { error: none }]);
  });

  test('nobody with a token of another tenant: 401, in the header as in the query', async () => {
    for (const asked of [{ user: 'elsewhere' }, { token: undefined, search: `?token=${tokens.elsewhere}` }]) {
      const [status, body] = await refused(asked);
      expect([status, body.error]).toEqual([401, expect.stringContaining('(Expected: main, Got: demo)')]);
    }
  });

  test('other paths take no token from the query', async () => {
    expect((await app.ask('GET', `${PATH}?token=${tokens.admin}`)).status).toBe(401);
  });
});

describe('the answer', () => {
  test('has the head of a stream that nothing in between may hold back', async () => {
    const { response, received } = await open({ headers: { origin: 'http://app.immigrate.localhost' } });
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-store, must-revalidate',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
      vary: 'Accept, origin',
      allow: 'GET, HEAD, OPTIONS',
    });
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
    expect(received).toEqual([
      {
        id: undefined,
        data: {
          type: 'connection_established',
          message: 'Connected to the notification stream',
          user_id: idOf('consultant1'),
        },
      },
    ]);
  });

  test('may be read by the origin of the settings', async () => {
    const environment = { NOTIFICATION_STREAM_ALLOWED_ORIGIN: 'https://crm.example.com' };
    const third = await startTestApp({ sharing: app, environment });
    try {
      const { response } = await open({ at: third });
      expect(response.headers['access-control-allow-origin']).toBe('https://crm.example.com');
    } finally {
      await third.close();
    }
  });

  test('HEAD gives the head alone', async () => {
    const { status, headers, raw } = await app.ask('HEAD', `${PATH}stream/`, { token: tokens.admin });
    expect([status, headers['content-type'], raw.length]).toEqual([200, 'text/event-stream', 0]);
  });
});

describe('new notifications', () => {
  test('reach all streams of their user, in every instance, and nobody else', async () => {
    const mine = [
      await open(),
      await open({ at: other, token: undefined, search: `?token=${tokens.consultant1}` }),
    ];
    const others = [
      await open({ user: 'admin' }),
      await open({ at: other, user: 'branch1' }),
      await open({ tenant: 'demo', user: 'elsewhere' }),
    ];
    const [first, second] = await notify(app, 'consultant1', [{ title: 'One' }, { title: 'Two' }]);
    for (const stream of mine) {
      await stream.until('notification_message', 2);
      expect(stream.ids).toEqual([first, second]);
      const { id, data } = await stream.until('notification_message');
      const shown = await app.ask('GET', `${PATH}${first}/`, { token: tokens.consultant1 });
      expect([id, data.notification]).toEqual([String(first), shown.body]);
    }
    await aWhile();
    for (const stream of others) expect(stream.ids).toEqual([]);
  });

  test('of a transaction that commits late come although a higher id came before', async () => {
    const stream = await open({ at: other });
    let late: number[] = [];
    let early: number[] = [];
    await app.database.tenantTransaction(main, async (transaction) => {
      late = await insertNotifications(transaction, 'tenant_main', 'consultant1', [{ title: 'late' }]);
      early = await notify(app, 'consultant1', [{ title: 'early' }]);
      await stream.until('notification_message');
      expect(stream.ids).toEqual(early);
    });
    await stream.until('notification_message', 2);
    expect(late[0]).toBeLessThan(early[0] as number);
    expect(stream.ids).toEqual([...early, ...late]);
    // Neither is sent again with what follows.
    const next = await notify(app, 'consultant1');
    await stream.until('notification_message', 3);
    expect(stream.ids).toEqual([...early, ...late, ...next]);
  });

  test('from many writers at once come once each', async () => {
    const streams = [await open(), await open({ at: other })];
    const writers = Array.from({ length: 40 }, (_, index) =>
      notify(index % 2 ? app : other, 'consultant1', new Array(10).fill({})),
    );
    const ids = (await Promise.all(writers)).flat();
    for (const stream of streams) {
      await stream.until('notification_message', 400);
      await aWhile();
      expect([...stream.ids].sort((a, b) => a - b)).toEqual(ids.sort((a, b) => a - b));
    }
  });

  test('of a flood come all', async () => {
    const stream = await open();
    const message = 'x'.repeat(1_000);
    const ids = await notify(app, 'consultant1', new Array(1_500).fill({ message }));
    await stream.until('notification_message', 1_500);
    expect(stream.ids).toEqual(ids);
  });

  test('written while the notices could not be heard come as soon as they can', async () => {
    const stream = await open({ at: other });
    const isListening = (client: OwnerClient) =>
      client.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'leopard-listener'",
      );
    const ids = await withOwner(app.databases.admin, async (client) => {
      const { rows } = await isListening(client);
      await client.query('SELECT pg_terminate_backend(pid, 5000) FROM unnest($1::integer[]) AS pid', [
        rows.map(({ pid }) => pid),
      ]);
      const written = await notify(app, 'consultant1', [{}, {}]);
      expect((await isListening(client)).rows.length).toBeLessThan(2);
      return written;
    });
    await stream.until('notification_message', 2);
    expect(stream.ids).toEqual(ids);
  });
});

describe('a client that comes back', () => {
  test('first gets what it missed, by header or by query', async () => {
    const ids = await notify(app, 'consultant1', [{}, {}, {}]);
    await notify(app, 'admin');
    const last = String(ids[0]);
    for (const options of [{ headers: { 'last-event-id': last } }, { search: `?Last-Event-ID=${last}` }]) {
      const stream = await open(options);
      await stream.until('notification_message', 2);
      const more = await notify(app, 'consultant1');
      ids.push(...more);
      await stream.until('notification_message', ids.length - 1);
      expect(stream.ids).toEqual(ids.slice(1));
      expect(stream.received[1]?.id).toBe(String(ids[1]));
    }
  });

  test('gets what committed late while it was away', async () => {
    const stream = await open();
    let late: number[] = [];
    let early: number[] = [];
    await app.database.tenantTransaction(main, async (transaction) => {
      late = await insertNotifications(transaction, 'tenant_main', 'consultant1', [{}]);
      early = await notify(app, 'consultant1');
      await stream.until('notification_message');
      stream.close();
      await aWhile();
    });
    const back = await open({ headers: { 'last-event-id': String(early[0]) } });
    await back.until('notification_message');
    expect(back.ids).toEqual(late);
  });

  test('gets nothing twice while more is being written', async () => {
    const [before] = await notify(app, 'consultant1');
    const writing = Promise.all(
      Array.from({ length: 20 }, () => notify(app, 'consultant1', new Array(5).fill({}))),
    );
    const streams = await Promise.all(
      Array.from({ length: 5 }, () => open({ headers: { 'last-event-id': String(before) } })),
    );
    const ids = (await writing).flat().sort((a, b) => a - b);
    for (const stream of streams) {
      await stream.until('notification_message', ids.length);
      await aWhile();
      expect([...stream.ids].sort((a, b) => a - b)).toEqual(ids);
    }
  });

  test.each(['the same', 'another'])(
    'gets all that committed late while it was away, at %s instance, each once',
    async (instance) => {
      const bystander = await open({ user: 'branch1' }); // it keeps the instance looking
      const stream = await open();
      const late: number[] = [];
      let early: number[] = [];
      const commits = Array.from({ length: 8 }, later);
      const written = Array.from({ length: 8 }, later);
      const writing = new Database(app.databases.app, { size: 8 });
      const writers = commits.map(({ promise }, index) =>
        writing.tenantTransaction(main, async (transaction) => {
          late.push(...(await insertNotifications(transaction, 'tenant_main', 'consultant1', [{}])));
          written[index]?.resolve();
          await promise;
        }),
      );
      await Promise.all(written.map(({ promise }) => promise));
      const seen = await notify(other, 'consultant1', [{}, {}]); // before it leaves: these do not come again
      early = await notify(other, 'consultant1', [{}]);
      await stream.until('notification_message', 3);
      stream.close();
      for (const { resolve } of commits) resolve();
      await Promise.all(writers);
      await writing.close();
      await notify(other, 'branch1');
      await bystander.until('notification_message');
      const back = await open({
        at: instance === 'another' ? other : app,
        headers: { 'last-event-id': String(early[0]) },
      });
      await back.until('notification_message', 8);
      const [next] = await notify(app, 'consultant1');
      await back.until('notification_message', 9);
      expect(back.ids).toEqual([...late.sort((a, b) => a - b), next]);
      expect(Math.max(...late)).toBeLessThan(seen[0] as number);
    },
  );

  test('gets them also when the last one that it had is no longer there, and when they were read meanwhile', async () => {
    let late: number[] = [];
    let early: number[] = [];
    await app.database.tenantTransaction(main, async (transaction) => {
      late = await insertNotifications(transaction, 'tenant_main', 'consultant1', [{}, {}]);
      early = await notify(other, 'consultant1', [{}]);
    });
    await app.ask('POST', `${PATH}bulk_mark_read/`, {
      token: tokens.consultant1,
      body: { notification_ids: [...late, ...early] },
    });
    const back = await open({ at: other, headers: { 'last-event-id': String(early[0]) } });
    await back.until('notification_message', 2);
    expect(back.ids).toEqual(late);
    const remove = 'DELETE FROM immigration_notification WHERE id = $1';
    await app.database.tenantQuery(main, statement(remove, [early[0]]));
    const again = await open({ at: other, headers: { 'last-event-id': String(early[0]) } });
    await again.until('notification_message', 2);
    expect(again.ids).toEqual(late);
  });

  test('gets nothing again from a table that came from another server', async () => {
    const [first, last] = await notify(app, 'branch1', [{}, {}]);
    const copied = `UPDATE immigration_notification SET inserted_xid = '99999999999' WHERE id = $1`;
    await app.database.tenantQuery(main, statement(copied, [first]));
    const back = await open({ user: 'branch1', headers: { 'last-event-id': String(last) } });
    await aWhile();
    expect(back.ids).toEqual([]);
  });

  test('gets the newest 1,000 at most, and hears where that is not all', async () => {
    const ids = await notify(app, 'branch1', new Array(1_100).fill({ message: 'x'.repeat(500) }));
    const stream = await open({ user: 'branch1', headers: { 'last-event-id': '0' } });
    await stream.until('notification_message', 1_000);
    await aWhile();
    expect(stream.ids).toEqual(ids.slice(-1_000));
    expect(stream.received.slice(0, 3).map(({ data }) => data.type)).toEqual([
      'connection_established',
      'notifications_cut',
      'notification_message',
    ]);
    expect(stream.of('notifications_cut').map(({ id }) => id)).toEqual([undefined]);
    const whole = await open({ user: 'branch1', headers: { 'last-event-id': String(ids[99]) } });
    await whole.until('notification_message', 1_000);
    expect(whole.of('notifications_cut')).toEqual([]);
  });

  test('with nonsense gets what is new', async () => {
    for (const id of ['x', '-1', '1.5', '9'.repeat(40), '%00', '9007199254740991']) {
      const stream = await open({ headers: { 'last-event-id': id } });
      await aWhile();
      expect(stream.ids).toEqual([]);
    }
  });
});

describe('what is read elsewhere', () => {
  const told = (stream: EventStream) =>
    stream.received.map(({ data }) => data).filter(({ type }) => type.includes('read'));

  test('is told to all streams of the user, in every instance: what, then how many are left', async () => {
    await app.database.tenantQuery(main, statement('DELETE FROM immigration_notification'));
    const [first, ...rest] = await notify(app, 'consultant1', new Array(500).fill({}));
    const streams = [await open(), await open({ at: other })];
    const stranger = await open({ at: other, user: 'admin' });
    const act = (method: string, path: string, body?: object) =>
      app.ask(method, PATH + path, { token: tokens.consultant1, body });

    await act('POST', `${first}/mark_read/`);
    await act('POST', `${first}/mark_read/`); // changes nothing, so tells nothing
    for (const stream of streams) await stream.until('unread_count_update', 1);
    await act('POST', 'bulk_mark_read/', { notification_ids: [first, ...rest] });
    for (const stream of streams) await stream.until('unread_count_update', 2);
    await act('PATCH', `${first}/update_notification/`, { read: false });
    await act('PATCH', `${first}/update_notification/`, { is_completed: true });
    for (const stream of streams) {
      const lastCount = { type: 'unread_count_update', unread_count: 1 };
      await expect.poll(() => told(stream).at(-1)).toEqual(lastCount);
      const [one, afterOne, ...many] = told(stream);
      expect(one).toEqual({ type: 'notification_read', notification_ids: [first] });
      expect(afterOne).toEqual({ type: 'unread_count_update', unread_count: 499 });
      // The ids come in two notices; the second may arrive after the first has been sent completely.
      const reads = many.filter(({ type }) => type === 'notification_read');
      expect(many[0]).toBe(reads[0]);
      expect(reads).toHaveLength(2);
      expect(reads.flatMap(({ notification_ids }) => notification_ids).sort((a, b) => a - b)).toEqual(rest);
      const counts = many.filter((message) => !reads.includes(message));
      expect(new Set(counts.map(({ type }) => type))).toEqual(new Set(['unread_count_update']));
      expect([...new Set(counts.map(({ unread_count }) => unread_count))]).toEqual([0, 1]);
    }
    expect(told(stranger)).toEqual([]);
  });
});

test('heartbeats come to every stream in the rhythm of the settings, however many there are', async () => {
  const third = await startTestApp({ sharing: app, live: { heartbeat: 3 } });
  try {
    const users = ['consultant1', 'branch1', 'branch3', 'admin'];
    const streams: EventStream[] = [];
    for (let index = 0; index < 40; index++) {
      streams.push(await open({ at: third, user: users[index % users.length] as string }));
      await sleep(25);
    }
    const stood = await longestPause(8_000); // by so much a heartbeat may be late
    for (const stream of streams) {
      const beats = stream.of('heartbeat').map(({ data }) => Date.parse(data.timestamp));
      expect(beats.length).toBeGreaterThanOrEqual(2);
      const between = beats.slice(1).map((beat, index) => beat - (beats[index] as number));
      // Two seconds of tolerance for a busy machine; a skipped heartbeat would show as six seconds.
      expect(Math.max(...between)).toBeLessThan(5_000 + (stood > 1_000 ? stood : 0));
    }
  } finally {
    await third.close();
  }
}, 30_000);
