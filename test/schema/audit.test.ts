import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/database/database.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let databases: TestDatabase;
let database: Database;
beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 2 });
});
afterAll(async () => {
  await database?.close();
  await databases.drop();
});

const asOwner = <T>(work: (client: OwnerClient) => Promise<T>) =>
  withOwner(databases.owner, async (client) => {
    await client.query('SET search_path TO tenant_main, pg_temp');
    return await work(client);
  });
const refused = /permission denied|must be owner|not changed, nor removed/;

/** Returns the log entries of one entity, without what differs from run to run. */
const logged = (entity: string) =>
  asOwner(async (client) => {
    const { rows } = await client.query(
      `SELECT operation, record_id::integer AS id, user_id::integer AS "user", address, request_id AS request, before, after
       FROM audit_entry e WHERE entity = $1 ORDER BY e.id`,
      [entity],
    );
    return rows;
  });

/** Tables whose changes are not made by staff, or are logged elsewhere. */
const NOT_LOGGED = [
  'account_link',
  'audit_entry',
  'auth_permission',
  'client_import_part',
  'client_import_row',
  'client_import_source',
  'client_search',
  'deadline_alert',
  'delivery',
  'delivery_attempt',
  'django_content_type',
  'erased_client',
  'expiry_reminder',
  'immigration_client_count',
  'immigration_clientactivity',
  'immigration_event',
  'immigration_notification',
  'immigration_task_count',
  'known_device',
  'login_failure',
  'name_version',
  'passkey',
  'password_demand',
  'recovery_code',
  'security_event',
  'spent_challenge',
  'table_change',
  'task_notice',
  'token_blacklist_blacklistedtoken',
  'token_blacklist_outstandingtoken',
  'totp_secret',
  'unread_count',
  'user_session',
];

it('every table is either logged, by all its triggers, or named here as not logged', async () => {
  const { rows } = await asOwner((client) =>
    client.query<{ name: string; triggers: number }>(
      `SELECT relname AS name,
         (SELECT count(*)::integer FROM pg_trigger WHERE tgrelid = c.oid AND starts_with(tgname, 'audit_')) AS triggers
       FROM pg_class c WHERE relnamespace = 'tenant_main'::regnamespace AND relkind = 'r' ORDER BY 1`,
    ),
  );
  const without = rows.filter(({ triggers }) => triggers === 0).map(({ name }) => name);
  expect(without).toEqual(NOT_LOGGED);
  expect(rows.filter(({ triggers }) => triggers !== 0 && triggers !== 4)).toEqual([]);
});

describe('what happens to a table', () => {
  it('is logged whoever does it: plain SQL of the owner too, and all rows of a statement', async () => {
    await asOwner(async (client) => {
      await client.query(
        "INSERT INTO immigration_region (id, name) VALUES (101, 'A'), (102, 'B'), (103, 'C')",
      );
      await client.query(
        "UPDATE immigration_region SET description = 'd', updated_at = now() WHERE id < 103",
      );
      await client.query('UPDATE immigration_region SET name = name, updated_at = now()');
      await client.query('DELETE FROM immigration_region WHERE id = 103');
    });
    const nobody = { user: null, address: null, request: null };
    const made = (id: number, name: string) => ({
      ...nobody,
      id,
      operation: 'create',
      before: null,
      after: expect.objectContaining({ id, name, description: '' }),
    });
    const changed = {
      ...nobody,
      operation: 'change',
      before: { description: '' },
      after: { description: 'd' },
    };
    expect(await logged('region')).toEqual([
      made(101, 'A'),
      made(102, 'B'),
      made(103, 'C'),
      { ...changed, id: 101 },
      { ...changed, id: 102 },
      {
        ...nobody,
        operation: 'delete',
        id: 103,
        after: null,
        before: expect.objectContaining({ name: 'C' }),
      },
    ]);
  });

  it('is logged with the user and the source of the tenant transaction, cut and cleaned', async () => {
    const insert = statement("INSERT INTO immigration_lpe (id, name) VALUES (1, 'IELTS')");
    const source = `203.0.113.7 a'"\\\n\u0000é${'x'.repeat(500)}`;
    await database.tenantQuery({ schema: 'tenant_main', userId: 7, source }, insert);
    expect(await logged('lpe')).toMatchObject([
      { user: 7, address: '203.0.113.7', request: expect.stringMatching(/^a'"\\x{50,}$/) },
    ]);
    const remove = statement('DELETE FROM immigration_lpe');
    await database.tenantQuery({ schema: 'tenant_main', userId: null }, remove);
    expect((await logged('lpe')).at(-1)).toMatchObject({ user: null, address: null, request: null });
  });

  it('is logged where it follows from something else: what hangs on a deleted client goes with it', async () => {
    await asOwner(async (client) => {
      await client.query("INSERT INTO immigration_client (id, first_name) VALUES (50, 'Maya')");
      await client.query("INSERT INTO immigration_passport (id, passport_no) VALUES (50, 'N1')");
      await client.query('DELETE FROM immigration_client WHERE id = 50');
    });
    expect((await logged('passport')).at(-1)).toMatchObject({
      operation: 'delete',
      id: 50,
      before: { passport_no: 'N1' },
    });
  });

  it('is logged for what it leaves: a record whose id changes, and a table that is emptied', async () => {
    await asOwner(async (client) => {
      await client.query("INSERT INTO immigration_visacategory (id, name) VALUES (1, 'Student')");
      await client.query('UPDATE immigration_visacategory SET id = 2');
      await client.query('TRUNCATE immigration_visacategory CASCADE');
    });
    const entries = await logged('visacategory');
    expect(entries.map(({ operation }) => operation)).toEqual(['create', 'change', 'change', 'delete']);
    const changes = [
      { operation: 'change', id: 1, before: { id: 1, name: 'Student' }, after: {} },
      { operation: 'change', id: 2, before: {}, after: { id: 2, name: 'Student' } },
    ];
    const byId = entries.slice(1, 3).sort((one, other) => one.id - other.id);
    expect(byId).toMatchObject(changes);
    expect(entries.at(-1)?.id).toBeNull();
  });

  it('is logged of lists with what was removed and added, not with the lists', async () => {
    const long = JSON.stringify(
      Array.from({ length: 500 }, (_, index) => ({ text: `${index} ${'x'.repeat(1_000)}` })),
    );
    await asOwner(async (client) => {
      await client.query(
        `INSERT INTO immigration_task (id, title, detail, priority, status, due_date, tags, comments)
         VALUES (9, 'T', 'x', 'LOW', 'PENDING', now(), '["a", "b", "a"]', $1)`,
        [long],
      );
      await client.query(`UPDATE immigration_task SET title = 'U', tags = '["c", "a", "d"]',
        comments = comments || '{"text": "new"}'::jsonb WHERE id = 9`);
      await client.query(`UPDATE immigration_task SET tags = '["d", "a", "c"]' WHERE id = 9`);
      await client.query(`UPDATE immigration_task SET status = 'COMPLETED' WHERE id = 9`);
    });
    const changes = (await logged('task')).filter(({ operation }) => operation === 'change');
    expect(changes.map(({ before, after }) => ({ before, after }))).toEqual([
      {
        before: { title: 'T', tags: { removed: ['b', 'a'] }, comments: { removed: [] } },
        after: { title: 'U', tags: { added: ['c', 'd'] }, comments: { added: [{ text: 'new' }] } },
      },
      { before: { tags: { removed: [] } }, after: { tags: { added: [] } } },
      { before: { status: 'PENDING' }, after: { status: 'COMPLETED' } },
    ]);
  });

  it('is not logged when it is taken back', async () => {
    await asOwner(async (client) => {
      await client.query('BEGIN');
      await client.query("INSERT INTO immigration_agent (agent_name) VALUES ('A')");
      await client.query('ROLLBACK');
    });
    expect(await logged('agent')).toEqual([]);
  });
});

describe('the log', () => {
  const ATTEMPTS = [
    "INSERT INTO audit_entry (operation, entity) VALUES ('read', 'forged')",
    "UPDATE audit_entry SET username = 'somebody else'",
    'DELETE FROM audit_entry',
    'TRUNCATE audit_entry',
    'ALTER TABLE audit_entry DISABLE TRIGGER ALL',
    'DROP TABLE audit_entry',
    'DROP TRIGGER audit_update ON immigration_client',
    'ALTER TABLE immigration_client DISABLE TRIGGER audit_update',
    "SET session_replication_role TO 'replica'",
  ];
  const entries = () =>
    asOwner(async (client) => (await client.query('SELECT * FROM audit_entry ORDER BY id')).rows);

  it.each(ATTEMPTS)(
    'is not written by the program’s own role, in a tenant transaction or outside: %s',
    async (sql) => {
      await asOwner((client) =>
        client.query('INSERT INTO immigration_note (client_id) SELECT id FROM immigration_client'),
      );
      const before = await entries();
      expect(before.length).toBeGreaterThan(0);
      await expect(
        database.tenantQuery({ schema: 'tenant_main', userId: 1 }, statement(sql)),
      ).rejects.toThrow(refused);
      await withOwner(databases.app, async (client) => {
        for (const named of [sql, sql.replace(/(audit_entry|immigration_client)\b/, 'tenant_main.$1')]) {
          await expect(client.query(named)).rejects.toThrow(/permission denied|does not exist|must be owner/);
        }
      });
      expect(await entries()).toEqual(before);
    },
  );

  it.each(ATTEMPTS.slice(1, 4))('is not even changed by the owner of its table: %s', async (sql) => {
    const before = await entries();
    await expect(asOwner((client) => client.query(sql))).rejects.toThrow(refused);
    expect(await entries()).toEqual(before);
  });

  it('is read by the tenant’s role', async () => {
    const reading = statement<{ n: number }>('SELECT count(*) AS n FROM audit_entry');
    const [row] = await database.tenantQuery({ schema: 'tenant_main', userId: null }, reading);
    expect(row?.n).toBeGreaterThan(0);
  });
});
