import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import { type LiveOpen, type LivePair, startLivePair } from '../../test/helpers/live.js';
import { notify } from '../../test/helpers/notifications.js';
import { leastOf } from '../../test/helpers/processor-time.js';
import { withOwner } from '../database/owner.js';
import { statement } from '../database/statement.js';

const main = { schema: 'tenant_main', userId: null };

let pair: LivePair;
let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  pair = await startLivePair();
  ({ app, other } = pair);
});
afterEach(() => pair?.closeStreams());
afterAll(() => pair?.close());

const open = (options?: LiveOpen) => pair.open(options);

/** Waits for a message that should not come. */
const aWhile = () => sleep(150);

describe('a stream ends', () => {
  const setUser = (user: string, set: string) =>
    app.database.tenantQuery(
      main,
      statement(`UPDATE immigration_user SET ${set} WHERE username = $1`, [user]),
    );

  test('when its user is disabled, and no other', async () => {
    const streams = [await open({ user: 'branch1' }), await open({ at: other, user: 'branch1' })];
    const stranger = await open({ at: other });
    await setUser('branch1', 'is_active = false');
    await Promise.all(streams.map(({ ended }) => ended));
    expect((await open({ user: 'branch1' })).response.statusCode).toBe(401);
    await setUser('branch1', 'is_active = true');
    expect(stranger.isEnded).toBe(false);
  });

  test('when its user logs out, in whichever instance; a refresh ends none', async () => {
    const body = { username: 'branch1', password: 'Passw0rd!23' };
    const first = (await app.ask('POST', '/api/token/', { body })).body;
    const stream = await open({ at: other, token: first.access });
    const stranger = await open({ at: other });
    const { refresh } = (await app.ask('POST', '/api/token/refresh/', { body: { refresh: first.refresh } }))
      .body;
    await aWhile();
    expect(stream.isEnded).toBe(false);
    await app.ask('POST', '/api/token/blacklist/', { body: { refresh } });
    await stream.ended;
    expect(stranger.isEnded).toBe(false);
  });

  test('when its token expires', async () => {
    const third = await startTestApp({ sharing: app, environment: { ACCESS_TOKEN_LIFETIME: '2' } });
    try {
      const lasted = async () => {
        const token = await third.logIn('consultant1');
        const begun = Date.now();
        const stream = await open({ at: third, token });
        if (stream.response.statusCode !== 200) return Number.POSITIVE_INFINITY; // it came too late
        await stream.ended;
        const took = Date.now() - begun;
        expect((await open({ at: third, token })).response.statusCode).toBe(401);
        return took;
      };
      expect(await leastOf(lasted, 3_000)).toBeLessThan(3_000);
    } finally {
      await third.close();
    }
  });

  test('when its tenant is suspended, and no other’s', async () => {
    const streams = [
      await open({ tenant: 'demo', user: 'elsewhere' }),
      await open({ at: other, tenant: 'demo', user: 'elsewhere' }),
    ];
    const stranger = await open({ at: other });
    const suspend = (status: string) =>
      withOwner(app.databases.owner, (client) =>
        client.query(
          "UPDATE public.tenants_tenant SET subscription_status = $1 WHERE schema_name = 'tenant_demo'",
          [status],
        ),
      );
    await suspend('SUSPENDED');
    await Promise.all(streams.map(({ ended }) => ended));
    await suspend('ACTIVE');
    expect(stranger.isEnded).toBe(false);
    expect((await open({ tenant: 'demo', user: 'elsewhere' })).response.statusCode).toBe(200);
  });

  test('when the program stops, which it does at once', async () => {
    const stop = async () => {
      const third = await startTestApp({ sharing: app });
      const streams = await Promise.all(Array.from({ length: 20 }, () => open({ at: third })));
      const stalled = await open({ at: third });
      stalled.response.pause();
      const begun = Date.now();
      await third.close();
      const took = Date.now() - begun;
      await Promise.all(streams.map(({ ended }) => ended));
      return took;
    };
    expect(await leastOf(stop, 2_500)).toBeLessThan(2_500);
  });

  test('when its reader takes nothing, and it catches up on return', async () => {
    const stream = await open();
    stream.response.pause();
    stream.response.socket.pause();
    const [before] = await notify(app, 'consultant1');
    const given = new Array(400).fill({ message: 'x'.repeat(9_000) });
    const ids: number[] = [];
    for (let round = 0; round < 9; round++) ids.push(...(await notify(app, 'consultant1', given)));
    await sleep(500);
    stream.response.socket.resume();
    stream.response.resume();
    await stream.ended;
    const had = stream.ids;
    expect(had.length).toBeLessThan(ids.length);
    const back = await open({ headers: { 'last-event-id': String(had.at(-1)) } });
    await back.until('notification_message', 100);
    await expect.poll(() => back.ids.at(-1)).toBe(ids.at(-1));
    // It missed 30 MB, of which it is sent the newest megabyte.
    expect(back.ids).toEqual(ids.slice(-back.ids.length));
    expect(back.of('notifications_cut')).toHaveLength(1);
    expect([before, ...ids]).toEqual(expect.arrayContaining(had));
  });
});
