import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { Database } from '../database/database.js';
import { withOwner } from '../database/owner.js';
import { statement } from '../database/statement.js';
import type { TenantContext } from '../database/tenant-transaction.js';
import { divertSecurityLines, type SecurityLine } from '../platform/security-lines.js';
import { recordSecurityEvent, type SecurityEvent } from './security-log.js';

let databases: TestDatabase;
let database: Database;
const lines: SecurityLine[] = [];
beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 4 });
  divertSecurityLines((line) => lines.push(line));
});
afterAll(async () => {
  divertSecurityLines(null);
  await database?.close();
  await databases.drop();
});
beforeEach(() => lines.splice(0));

const SYSTEM: TenantContext = { schema: 'tenant_main', userId: null };
const record = (event: SecurityEvent, context = SYSTEM) =>
  database.tenantTransaction(context, async (transaction) => recordSecurityEvent(transaction, event));
const stored = (where = 'true') =>
  withOwner(databases.owner, async (client) => {
    const { rows } = await client.query(
      `SELECT * FROM tenant_main.security_event WHERE ${where} ORDER BY id`,
    );
    return rows;
  });

it('keeps an event with its actor, user and source, and writes its line after COMMIT', async () => {
  const source = '192.0.2.1 0f6c2f6e-request Mozilla/5.0 (X11; Linux)';
  await database.tenantTransaction({ ...SYSTEM, userId: 7, source }, async (transaction) => {
    recordSecurityEvent(transaction, {
      kind: 'groups_changed',
      userId: 8,
      username: 'her',
      sessionId: 's1',
      detail: { added: ['CONSULTANT'] },
    });
    await transaction.query(statement('SELECT 1'));
    expect(lines).toEqual([]);
  });
  const event = {
    username: 'her',
    address: '192.0.2.1',
    agent: 'Mozilla/5.0 (X11; Linux)',
    request_id: '0f6c2f6e-request',
    session_id: 's1',
    count: 1,
    detail: { added: ['CONSULTANT'] },
  };
  expect(await stored("kind = 'groups_changed'")).toMatchObject([{ ...event, user_id: '8', actor_id: '7' }]);
  const line = { event: 'groups_changed', tenant: 'tenant_main', user_id: 8, actor_id: 7, ...event };
  expect(lines).toEqual([{ ...line, id: expect.any(Number) }]);
});

it('keeps and writes nothing of a transaction that is rolled back', async () => {
  const failing = database.tenantTransaction(SYSTEM, async (transaction) => {
    recordSecurityEvent(transaction, { kind: 'logout', userId: 1 });
    await transaction.query(statement('SELECT 1'));
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect([await stored("kind = 'logout'"), lines]).toEqual([[], []]);
});

it('neutralises what would break a line, and cuts what is long', async () => {
  const hostile = 'a\n{"log":"security"}\u0000\u001b[2J\u2028\u202e\ud800';
  await record({
    kind: 'login_failed',
    username: hostile + 'x'.repeat(500),
    from: { address: '192.0.2.7', agent: hostile + 'y'.repeat(500), requestId: hostile },
    detail: { why: hostile, items: Array.from({ length: 99 }, () => hostile.repeat(99)) },
  });
  const [row] = await stored("address = '192.0.2.7'");
  expect(row.username).toMatch(/^a\?\{"log":"security"\}\?\?\[2J\?\?\?x+$/);
  expect([row.username.length, row.agent.length, row.detail.items.length]).toEqual([150, 200, 31]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that would break a line
  expect(JSON.stringify(lines)).not.toMatch(/\\[nu]|[\u0000-\u001f\u2028\u202e]/);
});

it('counts a flood from one address in one row, and one from many addresses in another', async () => {
  const failure = (address: string) => record({ kind: 'login_failed', username: 'x', from: { address } });
  for (let i = 0; i < 30; i++) await failure('192.0.2.8');
  const ofOne = await stored("address = '192.0.2.8'");
  expect(ofOne.map(({ count }) => count)).toEqual([...Array(19).fill(1), 11]);
  expect(lines.map(({ count }) => count)).toEqual([...Array(20).fill(1), 10]);
  await failure('192.0.2.9');
  expect(await stored("address = '192.0.2.9'")).toHaveLength(1);

  await withOwner(databases.owner, (client) =>
    client.query(`INSERT INTO tenant_main.security_event (kind, address)
      SELECT 'login_failed', 'a' || n FROM generate_series(1, 1000) n`),
  );
  const before = (await stored()).length;
  for (let i = 0; i < 5; i++) await failure(`192.0.2.${100 + i}`);
  expect((await stored()).length).toBe(before);
  expect((await stored()).at(-1)).toMatchObject({ count: 6 });
});

it.each([
  "INSERT INTO security_event (kind) VALUES ('forged')",
  "UPDATE security_event SET username = 'somebody else'",
  'DELETE FROM security_event',
  'TRUNCATE security_event',
  'ALTER TABLE security_event DISABLE TRIGGER ALL',
])('is only added to, by functions: %s', async (attempt) => {
  await record({ kind: 'login', userId: 1 });
  const before = await stored();
  await expect(database.tenantQuery(SYSTEM, statement(attempt))).rejects.toThrow(
    /permission denied|must be owner/,
  );
  expect(await stored()).toEqual(before);
});

it.each(["UPDATE security_event SET username = 'somebody else'", 'DELETE FROM security_event'])(
  'is not even changed by its owner: %s',
  async (attempt) => {
    await record({ kind: 'login', userId: 1 });
    const changing = withOwner(databases.owner, async (client) => {
      await client.query('SET search_path TO tenant_main, pg_temp');
      await client.query(attempt);
    });
    await expect(changing).rejects.toThrow('not changed, nor removed');
  },
);
