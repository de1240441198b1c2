import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimsOf, forge } from '../../test/auth/forge.js';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import { seedStaff } from '../../test/helpers/staff.js';
import { withOwner } from '../database/owner.js';
import { divertSecurityLines, type SecurityLine } from '../platform/security-lines.js';
import { Refusals } from './refusals.js';

let app: TestApp;
const lines: SecurityLine[] = [];
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  divertSecurityLines((line) => lines.push(line));
});
afterAll(async () => {
  divertSecurityLines(null);
  await app?.close();
});

/** Runs requests against an app with few allowed refusals, which records them when it closes. */
async function during(requests: (app: TestApp) => Promise<unknown>, environment = {}) {
  await withOwner(app.databases.admin, async (client) => {
    await client.query("SET session_replication_role TO 'replica'");
    await client.query('TRUNCATE tenant_main.security_event');
  });
  lines.splice(0);
  const other = await startTestApp({
    sharing: app,
    environment: { SECURITY_REFUSALS_PER_MINUTE: '3', TRUSTED_PROXIES: '127.0.0.1', ...environment },
  });
  await requests(other).finally(() => other.close());
  return await withOwner(app.databases.owner, async (client) => {
    const { rows } = await client.query(
      "SELECT * FROM tenant_main.security_event WHERE kind IN ('requests_refused', 'foreign_token') ORDER BY id",
    );
    return rows;
  });
}
const ask = (at: TestApp, address: string, token?: string, path = '/api/v1/clients/') =>
  at.ask('GET', path, { token, headers: { 'x-forwarded-for': address, 'user-agent': 'probe/1' } });

test('refused requests above a rate are one event with their number', async () => {
  const token = await app.logIn('consultant1');
  const events = await during(async (at) => {
    for (let i = 0; i < 5; i++) expect((await ask(at, '203.0.113.1')).status).toBe(401);
    for (let i = 0; i < 3; i++) await ask(at, '203.0.113.2');
    for (let i = 0; i < 4; i++)
      expect((await ask(at, `203.0.113.${10 + i}`, token, '/api/v1/audit/')).status).toBe(403);
  });
  expect(events).toHaveLength(2);
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: 'requests_refused',
      user_id: null,
      address: '203.0.113.1',
      agent: 'probe/1',
      count: 5,
      detail: { 401: 5 },
    }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ username: 'consultant1', count: 4, detail: { 403: 4 } }),
  );
  expect(lines).toMatchObject([{ count: 5 }, { count: 4, username: 'consultant1' }]);
});

test('a token of another agency is an event even if there is only one, and none of it is kept', async () => {
  const claims = claimsOf(await app.logIn('admin'));
  const token = forge({ ...claims, tid: 'demo' }, app.config.secretKey);
  const events = await during(async (at) => {
    expect((await ask(at, '203.0.113.3', token)).status).toBe(401);
    const stream = `/api/v1/notifications/stream/?token=${token}`;
    expect((await ask(at, '203.0.113.4', undefined, stream)).status).toBe(401);
    const verified = await at.ask('POST', '/api/token/verify/', { body: { token } });
    expect(verified.status).toBe(401);
  });
  expect(events.map(({ kind, address, detail }) => [kind, address, detail.token_tenant]).sort()).toEqual([
    ['foreign_token', '127.0.0.1', 'demo'],
    ['foreign_token', '203.0.113.3', 'demo'],
    ['foreign_token', '203.0.113.4', 'demo'],
  ]);
  expect(JSON.stringify([events, lines])).not.toContain(token.slice(-20));
});

test('counts that cannot be stored are written as lines, which say so', async () => {
  lines.splice(0);
  const refusals = new Refusals(app.database, { perMinute: 2 });
  const request = { id: 'r1', headers: {}, logContext: { tenant: 'tenant_missing', user: undefined } };
  for (let i = 0; i < 3; i++) refusals.note(request as never, new Error('no'), 401, '203.0.113.9');
  await refusals.record();
  expect(lines).toMatchObject([
    { event: 'requests_refused', tenant: 'tenant_missing', stored: false, address: '203.0.113.9', count: 3 },
  ]);
});

describe('nothing is recorded', () => {
  test('of ordinary use', async () => {
    const token = await app.logIn('admin');
    expect(
      await during((at) => Promise.all([1, 2, 3, 4, 5].map(() => ask(at, '203.0.113.5', token)))),
    ).toEqual([]);
  });

  test('with the setting 0', async () => {
    const refused = (at: TestApp) => Promise.all([1, 2, 3, 4, 5].map(() => ask(at, '203.0.113.6')));
    expect(await during(refused, { SECURITY_REFUSALS_PER_MINUTE: '0' })).toEqual([]);
  });
});
