import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { recordSentBatches } from '../../../test/helpers/sent-batches.js';
import { seedStaff } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';
import { sql } from '../../database/sql.js';
import { KeptNames, keptNames, NAME_KINDS, NamedColumns, named } from './names.js';

// Lists show cached names: they must be what the database would return, whoever changed them, at once.

let app: TestApp;
let other: TestApp; // a second process, as far as caches go
let token: string;

const context = { schema: 'tenant_main', userId: null };
const run = (text: string, values?: unknown[], schema?: string) =>
  tenantSql(app.databases.admin, text, values, schema);
const LISTS = ['clients', 'clients/?search=Client', 'tasks', 'tasks/?assigned_to_me=true'];

beforeAll(async () => {
  app = await startTestApp();
  other = await startTestApp({ sharing: app });
  await seedStaff(app);
  await run(`
    INSERT INTO immigration_client (first_name, last_name, stage, gender, country, visa_category_id, agent_id,
      assigned_to_id, branch_id, created_by_id)
    SELECT 'Client', 'No ' || n, 'LEAD', 'MALE', 'NP', 1 + n % 2, nullif(n % 2, 0), 1 + n % 5, 1 + n % 3, 1
    FROM generate_series(1, 6) n;
    INSERT INTO immigration_task (title, status, priority, due_date, assigned_to_id, created_by_id, branch_id)
    SELECT 'Task ' || n, 'PENDING', 'LOW', now() + n * interval '1 day', CASE WHEN n % 3 > 0 THEN 1 + n % 2 END, 1 + n % 5, CASE WHEN n % 3 = 0 THEN 2 END
    FROM generate_series(1, 6) n`);
  token = await app.logIn('admin');
});
afterAll(async () => {
  await other?.close();
  await app?.close();
});

async function listed(asked: TestApp, list: string): Promise<Record<string, unknown>[]> {
  const path = list.includes('?') ? list : `${list}/`;
  const { status, body } = await asked.ask('GET', `/api/v1/${path}`, { token });
  expect(status).toBe(200);
  return body.results;
}

/** Compares what lists show with single records, whose names the database looks up. */
async function expectTrueNames(asked: TestApp): Promise<void> {
  for (const list of LISTS) {
    const records = await listed(asked, list);
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) {
      const one = await asked.ask('GET', `/api/v1/${list.split('/')[0]}/${record.id}/`, { token });
      expect(record).toEqual(one.body);
    }
  }
}

const RENAMINGS = [
  'UPDATE immigration_user SET first_name = $1 WHERE id = 2',
  'UPDATE immigration_user SET username = $1 WHERE id = 3',
  'UPDATE immigration_user SET last_name = $1',
  'UPDATE immigration_branch SET name = $1 || id',
  'UPDATE immigration_agent SET agent_name = $1 WHERE id = 1',
  'UPDATE immigration_visacategory SET name = $1 || id',
];

describe('what lists call other records', () => {
  test('is what the records themselves do, the first time and from memory', async () => {
    await expectTrueNames(app);
    await expectTrueNames(app);
    const [client] = await listed(app, 'clients');
    expect(client).toMatchObject({
      branch_name: expect.any(String),
      created_by_name: 'First admin Last admin',
    });
  });

  test.each(RENAMINGS)('is new at once, in every process, after %s', async (renaming) => {
    await expectTrueNames(other);
    await run(renaming, ['Renamed']);
    await expectTrueNames(app);
    await expectTrueNames(other);
  });

  test('is right whatever is renamed and taken back in between', async () => {
    const step = fc.record({
      what: fc.constantFrom(...RENAMINGS),
      to: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 }).map((text) => `N${text}`),
      kept: fc.boolean(),
      seenBy: fc.subarray([0, 1]),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
        for (const { what, to, kept, seenBy } of steps) {
          const values = what.includes('$1') ? `'${to.replaceAll("'", "''")}'` : '';
          await run(`BEGIN; ${what.replace('$1', () => values)}; ${kept ? 'COMMIT' : 'ROLLBACK'}`);
          for (const index of seenBy) await expectTrueNames(index === 0 ? app : other);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('is asked of the database once: then a list takes one round trip', async () => {
    await expectTrueNames(app);
    const sent = recordSentBatches();
    for (const list of LISTS) await listed(app, list);
    sent.stop();
    expect(sent.batches).toHaveLength(LISTS.length);
    for (const { statements } of sent.batches)
      expect(statements.map(({ sql }) => sql).join()).not.toMatch(
        /FROM immigration_(agent|branch|visacategory)/,
      );
  });

  test('is not mistaken when the tables are made anew with the same ids', async () => {
    await expectTrueNames(app);
    await run('UPDATE immigration_client SET agent_id = NULL; DELETE FROM immigration_agent');
    await run(`INSERT INTO immigration_agent (id, agent_name) VALUES (1, 'Another');
      UPDATE immigration_client SET agent_id = 1`);
    await expectTrueNames(app);
    expect((await listed(app, 'clients'))[0]).toMatchObject({ agent_name: 'Another' });
  });

  test('is not changed by what changes no name', async () => {
    const version = async () => (await run('SELECT sum(version) AS n FROM name_version'))[0]?.n;
    const before = await version();
    await run('UPDATE immigration_user SET last_login = now(), first_name = first_name');
    await run("UPDATE immigration_agent SET phone_number = '1'");
    expect(await version()).toBe(before);
  });

  test('is versioned in every table that names come from', async () => {
    const noted = await run(
      "SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'renamed'",
    );
    const tables = noted.map(({ name }) => String(name).replace(/^\w+\./, ''));
    for (const kind of NAME_KINDS) expect(tables).toContain(named(kind, 'id').table.sql.replaceAll('"', ''));
  });

  test('is not written by the program’s own role', async () => {
    for (const text of [
      'INSERT INTO name_version VALUES (1)',
      'UPDATE name_version SET version = 1',
      'DELETE FROM name_version',
    ]) {
      const attempt = app.database.tenantQuery(context, { sql: text, parameters: [] });
      await expect(attempt).rejects.toMatchObject({ code: '42501' });
    }
  });
});

test('names that changed between a list and its names are shown, and kept for nobody', async () => {
  const columns = new NamedColumns<{ branch_name: string | null }>([
    { field: 'branch_id', source: 'branch_id' },
    { field: 'branch_name', source: named('branch', 'branch_id') },
  ]);
  const asked = columns.listed(sql`immigration_client`, sql`WHERE r.branch_id = 1 LIMIT 1`);
  const read = (rename?: () => Promise<unknown>) =>
    app.database.tenantTransaction(context, (transaction) =>
      transaction.send(asked).map(async (rows, more) => {
        await rename?.();
        await columns.complete(transaction, rows, more);
        return rows[0]?.branch_name;
      }),
    );
  await run("UPDATE immigration_branch SET name = 'Before' WHERE id = 1"); // so that nothing is cached
  expect(await read(() => run("UPDATE immigration_branch SET name = 'In between' WHERE id = 1"))).toBe(
    'In between',
  );
  await run("UPDATE immigration_branch SET name = 'Later' WHERE id = 1");
  expect(await read()).toBe('Later');
});

test('nothing goes unnamed when there are more names than are kept', async () => {
  const columns = new NamedColumns<{ agent_id: number; agent_name: string | null }>([
    { field: 'agent_id', source: 'agent_id' },
    { field: 'agent_name', source: named('agent', 'agent_id') },
  ]);
  await run(
    "INSERT INTO immigration_agent (agent_name) SELECT 'Agent ' || n FROM generate_series(1, 5100) n",
  );
  const read = (from: number, count: number) =>
    app.database.tenantTransaction(context, (transaction) => {
      const agents = sql`(SELECT id AS agent_id FROM immigration_agent ORDER BY id OFFSET ${from} LIMIT ${count})`;
      return transaction.send(columns.listed(agents)).map(async (rows, more) => {
        await columns.complete(transaction, rows, more);
        return rows.filter(({ agent_name }) => agent_name === null);
      });
    });
  expect(await read(0, 4_990)).toEqual([]);
  expect(await read(4_950, 100)).toEqual([]);
  expect(await read(0, 100)).toEqual([]);
});

test('what is kept of a tenant is bounded', () => {
  const names = new KeptNames();
  for (let id = 0; id < 20_000; id++) names.set('agent', id, 'A');
  expect(names.of('agent').size).toBeLessThanOrEqual(5_000);
  expect(names.of('agent').get(19_999)).toBe('A');
  const tenant = {};
  expect(keptNames(tenant, '1')).toBe(keptNames(tenant, '1'));
  expect(keptNames(tenant, '2')).not.toBe(keptNames(tenant, '1'));
});
