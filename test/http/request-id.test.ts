import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { proxyIdReader } from '../../src/http/request-id.js';
import { rawRequest, sendRaw } from '../bad-input/raw.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

const RANDOM = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const CLIENTS = '/api/v1/clients/';

let app: TestApp;
let behindProxy: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  behindProxy = await startTestApp({ sharing: app, environment: { TRUSTED_PROXIES: '127.0.0.1' } });
});
afterAll(async () => {
  await behindProxy?.close();
  await app?.close();
});

const nameOf = async (from: TestApp, path = CLIENTS, headers: Record<string, string> = {}) =>
  (await from.ask('GET', path, { headers })).headers['x-request-id'];

describe('every answer names its request', () => {
  test('at random, whatever the answer is', async () => {
    const paths = [CLIENTS, '/', '/health/', '/nothing/', '/api/v1/clients', '/api/docs/', `${CLIENTS}%ff/`];
    const names = await Promise.all(paths.map((path) => nameOf(app, path)));
    for (const name of names) expect(name).toMatch(RANDOM);
    expect(new Set(names).size).toBe(paths.length);
  });

  test('and lets the front end read the name', async () => {
    const origin = 'http://main-immigrate.localhost:3000';
    const { headers } = await app.ask('GET', CLIENTS, { headers: { origin } });
    expect(headers['access-control-expose-headers']).toContain('x-request-id');
  });

  test('by no name from outside, not even one that a trusted proxy passes on', async () => {
    const given = '4bf92f3577b34da6a3ce929d0e0e4736';
    for (const from of [app, behindProxy])
      expect(await nameOf(from, CLIENTS, { 'x-request-id': given })).toMatch(RANDOM);
  });
});

test('the name that a trusted proxy gives stands beside it in the log, where it can be used', () => {
  const named = (given: string, proxies: string[]) =>
    proxyIdReader(proxies)({
      headers: { 'x-request-id': given },
      socket: { remoteAddress: '127.0.0.1' },
    } as object as IncomingMessage);
  expect(named('4bf92f3577b34da6a3ce929d0e0e4736', ['127.0.0.1'])).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  for (const unusable of ['short', 'with a space in it', 'x'.repeat(65), 'quo"ted-and-long', 'a\nb-and-long'])
    expect(named(unusable, ['127.0.0.1'])).toBeUndefined();
  for (const proxies of [[], ['10.0.0.0/8']]) expect(named('4bf92f3577b34da6', proxies)).toBeUndefined();
});

test('an unexpected error is logged under the name, of which alone its answer tells', async () => {
  const owner = (sql: string) => withOwner(app.databases.owner, (client) => client.query(sql));
  const lines = [`Authorization: Bearer ${await app.logIn('admin')}`];
  const printed = vi.spyOn(console, 'error').mockReturnValue();
  await owner(`CREATE FUNCTION tenant_main.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'secret'; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON tenant_main.immigration_region EXECUTE FUNCTION tenant_main.fail()`);
  try {
    const request = rawRequest('POST', '/api/v1/regions/', lines, '{"name": "West"}');
    const { statuses, said } = await sendRaw(app.base, request);
    const [head = '', body = ''] = said.split('\r\n\r\n');
    expect([statuses, JSON.parse(body)]).toEqual([[500], { detail: 'Internal server error.' }]);
    const name = /^x-request-id: (.*)$/im.exec(head)?.[1];
    const cause = expect.objectContaining({ message: 'secret' });
    expect(printed.mock.calls).toEqual([[`request failed tenant_main ${name}`, cause]]);
  } finally {
    printed.mockRestore();
    await owner('DROP FUNCTION tenant_main.fail() CASCADE');
  }
});

test('a change has the name in the audit log and in its event', async () => {
  const token = await app.logIn('admin');
  const created = await app.ask('POST', CLIENTS, {
    token,
    body: { first_name: 'Mira', last_name: 'Named', gender: 'FEMALE', country: 'NP' },
  });
  expect(created.status).toBe(201);
  const { id } = created.body;
  const changed = await app.ask('PATCH', `${CLIENTS}${id}/`, { token, body: { stage: 'CLIENT' } });
  const name = changed.headers['x-request-id'];
  const rows = async (query: string) =>
    (await withOwner(app.databases.owner, (client) => client.query<{ request_id: string }>(query, [id])))
      .rows;
  const audited = await rows(
    `SELECT request_id FROM tenant_main.audit_entry WHERE record_id = $1 AND entity = 'client' ORDER BY id DESC LIMIT 1`,
  );
  expect(audited).toEqual([{ request_id: name }]);
  const events = await rows(
    `SELECT request_id FROM tenant_main.immigration_event
     WHERE entity_id = $1 AND event_type = 'Client.stage.UPDATE'`,
  );
  expect(events).toEqual([{ request_id: name }]);
});
