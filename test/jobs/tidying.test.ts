import { afterAll, beforeAll, expect, it } from 'vitest';
import { expiredTokensJob } from '../../src/auth/expired-tokens-job.js';
import { endedPausesJob } from '../../src/events/operations/ended-pauses-job.js';
import { oldEventsJob } from '../../src/events/operations/old-events-job.js';
import { type JobTest, jobTest } from '../helpers/jobs.js';

let test: JobTest;

beforeAll(async () => {
  test = await jobTest();
});
afterAll(() => test.close());

const remaining = async (query: string) => (await test.sql(query)).map(({ name }) => name);

it('removes tokens an hour after they expired, with their rows of the blacklist, and old failures', async () => {
  await test.sql(`
    INSERT INTO tenant_main.token_blacklist_outstandingtoken (jti, expires_at) VALUES
      ('long ago', now() - interval '2 days'), ('just now', now() - interval '10 minutes'), ('valid', now() + interval '1 day');
    INSERT INTO tenant_main.token_blacklist_blacklistedtoken (token_id)
      SELECT id FROM tenant_main.token_blacklist_outstandingtoken;
    INSERT INTO tenant_main.login_failure (kind, key, failures, window_started_at) VALUES
      ('account', 'old', 3, now() - interval '16 minutes'), ('account', 'new', 3, now() - interval '14 minutes');
    INSERT INTO public.login_address VALUES
      ('old', 3, now() - interval '16 minutes'), ('new', 3, now() - interval '14 minutes')`);
  expect((await test.run(expiredTokensJob, { dryRun: true })).done).toBeGreaterThanOrEqual(3);
  expect(await test.run(expiredTokensJob)).toEqual({
    done: 3,
    tenants: [{ schema: 'tenant_main', done: 3 }],
    failures: [],
  });
  const tokens = `SELECT jti AS name FROM tenant_main.token_blacklist_blacklistedtoken
    JOIN tenant_main.token_blacklist_outstandingtoken o ON o.id = token_id ORDER BY o.id`;
  expect(await remaining(tokens)).toEqual(['just now', 'valid']);
  expect(await remaining('SELECT key AS name FROM tenant_main.login_failure')).toEqual(['new']);
  expect(await remaining('SELECT address AS name FROM public.login_address')).toEqual(['new']);
});

it('removes sessions 90 days after they ended', async () => {
  await test.sql(`
    INSERT INTO tenant_main.user_session (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until)
    SELECT n, sid, (SELECT min(id) FROM tenant_main.immigration_user), n, now() - interval '1 year', now(), expires, expires
    FROM (VALUES (1, 'long ago', now() - interval '91 days'), (2, 'lately', now() - interval '89 days'),
                 (3, 'open', now() + interval '1 day')) AS s (n, sid, expires)`);
  expect((await test.run(expiredTokensJob)).done).toBe(1);
  expect(await remaining('SELECT sid AS name FROM tenant_main.user_session ORDER BY id')).toEqual([
    'lately',
    'open',
  ]);
});

it('removes used challenges an hour after they expired', async () => {
  await test.sql(`
    INSERT INTO tenant_main.spent_challenge (digest, expires_at) VALUES
      ('old', now() - interval '2 hours'), ('expired', now() - interval '10 minutes')`);
  expect((await test.run(expiredTokensJob)).done).toBe(1);
  const left = "SELECT convert_from(digest, 'UTF8') AS name FROM tenant_main.spent_challenge";
  expect(await remaining(left)).toEqual(['expired']);
});

it('removes expired links, requests for links after an hour, and devices that were not seen for 90 days', async () => {
  await test.sql(`
    INSERT INTO tenant_main.immigration_user (id, username) VALUES (901, 'linked') ON CONFLICT DO NOTHING;
    INSERT INTO tenant_main.account_link (user_id, purpose, nonce, token_hash, email, password_hash, expires_at) VALUES
      (901, 'reset', gen_random_uuid(), 'old', '', '', now() - interval '1 second'),
      (901, 'invite', gen_random_uuid(), 'new', '', '', now() + interval '1 minute');
    DELETE FROM tenant_main.login_failure;
    INSERT INTO tenant_main.login_failure (kind, key, failures, window_started_at) VALUES
      ('reset', 'old', 3, now() - interval '61 minutes'), ('reset', 'new', 3, now() - interval '59 minutes');
    INSERT INTO tenant_main.known_device (user_id, hash, is_token, seen_at) VALUES
      (901, 'old', true, now() - interval '91 days'), (901, 'new', true, now() - interval '89 days')`);
  expect((await test.run(expiredTokensJob)).done).toBe(3);
  expect(await remaining('SELECT purpose AS name FROM tenant_main.account_link')).toEqual(['invite']);
  expect(await remaining('SELECT key AS name FROM tenant_main.login_failure')).toEqual(['new']);
  const devices = `SELECT convert_from(hash, 'UTF8') AS name FROM tenant_main.known_device`;
  expect(await remaining(devices)).toEqual(['new']);
});

it('removes completed events after 7 days, in batches, and keeps all others', async () => {
  await test.sql(`
    DELETE FROM tenant_main.immigration_event;
    INSERT INTO tenant_main.immigration_event (event_type, entity_id, status, created_at, processed_at)
    SELECT 'old', n, 'COMPLETED', now() - interval '9 days', now() - interval '8 days' FROM generate_series(1, 2500) n;
    INSERT INTO tenant_main.immigration_event (event_type, entity_id, status, created_at, processed_at) VALUES
      ('made long ago', 1, 'COMPLETED', now() - interval '9 days', now() - interval '6 days'),
      ('failed', 1, 'FAILED', now() - interval '9 days', now() - interval '9 days'),
      ('waiting', 1, 'PENDING', now() - interval '9 days', NULL)`);
  expect((await test.run(oldEventsJob, { dryRun: true })).done).toBe(2500);
  const runs = await Promise.all([test.run(oldEventsJob), test.run(oldEventsJob)]);
  expect(runs.reduce((sum, { done }) => sum + done, 0)).toBe(2500);
  expect(await remaining('SELECT event_type AS name FROM tenant_main.immigration_event ORDER BY id')).toEqual(
    ['made long ago', 'failed', 'waiting'],
  );
});

it('leaves a suspended tenant’s rows alone', async () => {
  await test.sql(`
    UPDATE public.tenants_tenant SET subscription_status = 'SUSPENDED' WHERE schema_name = 'tenant_demo';
    INSERT INTO tenant_demo.login_failure (kind, key, failures, window_started_at)
      VALUES ('account', 'old', 3, now() - interval '1 day')`);
  expect((await test.run(expiredTokensJob)).done).toBe(0);
  expect(await remaining('SELECT key AS name FROM tenant_demo.login_failure')).toEqual(['old']);
});

it('ends pauses whose time is over, and no others', async () => {
  await test.sql(`
    INSERT INTO public.event_pause (schema_name, handler, paused_until) VALUES
      ('tenant_main', NULL, now() - interval '1 second'), ('tenant_demo', NULL, now() + interval '1 hour'),
      (NULL, 'notification', NULL);
    UPDATE public.immigration_event_processing_control SET is_paused = true, paused_until = now() - interval '1 second'`);
  expect((await test.run(endedPausesJob, { dryRun: true })).done).toBe(2);
  expect((await test.run(endedPausesJob)).done).toBe(2);
  expect((await test.run(endedPausesJob)).done).toBe(0);
  expect(
    await remaining('SELECT coalesce(schema_name, handler) AS name FROM public.event_pause ORDER BY 1'),
  ).toEqual(['notification', 'tenant_demo']);
  expect(
    await test.sql(
      'SELECT is_paused, paused_until, resumed_at IS NOT NULL AS resumed FROM public.immigration_event_processing_control',
    ),
  ).toEqual([{ is_paused: false, paused_until: null, resumed: true }]);
});
