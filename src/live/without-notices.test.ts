import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import { type LiveOpen, type LivePair, startLivePair } from '../../test/helpers/live.js';
import { notify } from '../../test/helpers/notifications.js';
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
    await expect
      .poll(() => stream.of('unread_count_update').at(-1)?.data.unread_count, { timeout: 5_000 })
      .toBe(before - 1);
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
    await sleep(2_000); // the exchanged token is no log-out
    expect(mine.isEnded).toBe(false);
    await app.ask('POST', '/api/token/blacklist/', { body: { refresh } });
    await mine.ended;
    const again = await open({ at: deaf, token: session.access });
    const disable = "UPDATE immigration_user SET is_active = false WHERE username = 'branch3'";
    await app.database.tenantQuery(main, statement(disable));
    await theirs.ended;
    expect(again.isEnded).toBe(false); // opened after the log-out, with a token that still holds
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
