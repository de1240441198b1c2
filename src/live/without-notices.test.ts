import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import { type LiveOpen, type LivePair, startLivePair } from '../../test/helpers/live.js';
import { notify } from '../../test/helpers/notifications.js';
import { startTcpProxy, type TcpProxy } from '../../test/helpers/tcp-proxy.js';
import { withOwner } from '../database/owner.js';
import { statement } from '../database/statement.js';

const PATH = '/api/v1/notifications/';
const main = { schema: 'tenant_main', userId: null };

let pair: LivePair;
let app: TestApp;
let tokens: Readonly<Record<string, string>>;

beforeAll(async () => {
  pair = await startLivePair();
  ({ app, tokens } = pair);
});
afterEach(() => pair?.closeStreams());
afterAll(() => pair?.close());

const open = (options?: LiveOpen) => pair.open(options);

describe('without notices, as behind a pooler in transaction mode', () => {
  let deaf: TestApp;
  beforeAll(async () => {
    deaf = await startTestApp({ sharing: app, deaf: true, live: { poll: 500 } });
  });
  afterAll(() => deaf?.close());

  test('what is new, and what is read, come within seconds', async () => {
    const stream = await open({ at: deaf });
    const [first, second] = await notify(app, 'consultant1', [{}, {}]);
    await stream.until('notification_message', 2);
    expect(stream.ids).toEqual([first, second]);
    const before = stream.of('unread_count_update').at(-1)?.data.unread_count;
    await app.ask('POST', `${PATH}${first}/mark_read/`, { token: tokens.consultant1 });
    await expect.poll(() => stream.of('unread_count_update').at(-1)?.data.unread_count).toBe(before - 1);
    expect(stream.of('notification_read').at(-1)?.data.notification_ids).toContain(first);
  });

  test('streams end when they have to', async () => {
    const body = { username: 'branch1', password: 'Passw0rd!23' };
    const session = (await app.ask('POST', '/api/token/', { body })).body;
    const [mine, theirs] = [
      await open({ at: deaf, token: session.access }),
      await open({ at: deaf, user: 'branch3' }),
    ];
    const { refresh } = (await app.ask('POST', '/api/token/refresh/', { body: { refresh: session.refresh } }))
      .body;
    await sleep(2_000); // exchanging a token is no log-out
    expect(mine.isEnded).toBe(false);
    await app.ask('POST', '/api/token/blacklist/', { body: { refresh } });
    await mine.ended;
    expect((await open({ at: deaf, token: session.access })).response.statusCode).toBe(401);
    const again = await open({ at: deaf, user: 'branch1' });
    const disable = "UPDATE immigration_user SET is_active = false WHERE username = 'branch3'";
    await app.database.tenantQuery(main, statement(disable));
    await theirs.ended;
    expect(again.isEnded).toBe(false); // of another session of the same user
  });

  test('so do those of sessions that are ended all at once', async () => {
    const body = { username: 'branch1', password: 'Passw0rd!23' };
    const session = (await app.ask('POST', '/api/token/', { body })).body;
    const stream = await open({ at: deaf, token: session.access });
    const asked = { token: session.access, body: { refresh: session.refresh } };
    const { access } = (await app.ask('POST', '/api/v1/sessions/end-all/', asked)).body;
    const next = await open({ at: deaf, token: access });
    await stream.ended;
    expect((await open({ at: deaf, token: session.access })).response.statusCode).toBe(401);
    expect(next.isEnded).toBe(false);
  });
});

describe('while the listening connection stands still without an error', () => {
  let proxy: TcpProxy;
  let stalled: TestApp;
  beforeAll(async () => {
    proxy = await startTcpProxy(app.databases.app);
    const listens = { at: proxy.settings, options: { heartbeat: 200, within: 200 } };
    stalled = await startTestApp({ sharing: app, listens, live: { poll: 500 } });
  });
  afterAll(async () => {
    await stalled?.close();
    await proxy?.close();
  });

  test('streams look for themselves, and end when they have to; later they hear again', async () => {
    const main = { at: stalled };
    const [mine, theirs] = [await open(main), await open({ ...main, user: 'branch3' })];
    const suspended = await open({ ...main, tenant: 'demo', user: 'elsewhere' });
    await notify(app, 'consultant1');
    await mine.until('notification_message', 1);
    proxy.stall();
    const [id] = await notify(app, 'consultant1');
    const setUser = (isActive: boolean) =>
      statement(`UPDATE immigration_user SET is_active = ${isActive} WHERE username = 'branch3'`);
    await app.database.tenantQuery({ schema: 'tenant_main', userId: null }, setUser(false));
    const setTenant = (status: string) =>
      withOwner(app.databases.admin, (client) =>
        client.query(
          `UPDATE public.tenants_tenant SET subscription_status = '${status}' WHERE schema_name = 'tenant_demo'`,
        ),
      );
    await setTenant('SUSPENDED');
    try {
      await mine.until('notification_message', 2);
      expect(mine.ids.at(-1)).toBe(id);
      await Promise.all([theirs.ended, suspended.ended]);
      // A stream opened now receives them too.
      const late = await open(main);
      await notify(app, 'consultant1');
      await late.until('notification_message', 1);
      expect(mine.isEnded).toBe(false);
      proxy.goOn();
      await expect.poll(() => stalled.listener.healthy).toBe(true);
      await notify(app, 'consultant1');
      await mine.until('notification_message', 4);
      expect(new Set(mine.ids).size).toBe(4);
    } finally {
      await setTenant('ACTIVE');
      await app.database.tenantQuery({ schema: 'tenant_main', userId: null }, setUser(true));
    }
  }, 40_000);

  test('the first stream after that is not told again of what was read before it', async () => {
    const before = await open({ at: stalled });
    const [id] = await notify(app, 'consultant1');
    await app.ask('POST', `${PATH}${id}/mark_read/`, { token: tokens.consultant1 });
    proxy.stall();
    await expect.poll(() => stalled.listener.healthy).toBe(false);
    await sleep(1_200); // streams are looked after once a second
    before.close();
    proxy.goOn();
    await expect.poll(() => stalled.listener.healthy).toBe(true);
    const after = await open({ at: stalled });
    await sleep(1_500);
    expect(after.of('connection_established')).toHaveLength(1);
    expect([after.of('notification_read'), after.of('unread_count_update')]).toEqual([[], []]);
  }, 40_000);
});
