import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { withConnection } from '../../src/database/reachability.js';
import { migrateShared } from '../../src/schema/migrator.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.drop());

/** Connects as the program, in a transaction that is rolled back; with `role` assumed if given. */
function asProgram<T>(role: string | null, work: (client: OwnerClient) => Promise<T>): Promise<T> {
  return withOwner(database.app, async (client) => {
    await client.query('BEGIN');
    if (role) await client.query(`SET LOCAL ROLE ${role}`);
    return await work(client);
  });
}

const refused = 'permission denied';
const SOME_COLUMN: Record<string, string> = {
  migration_ledger: 'name',
  event_queue: 'due_at',
  event_segment: 'begun_at',
  delivery_segment: 'segment',
  client_import_queue: 'due_at',
  job_tenant: 'basis',
};

describe('the program’s own role', () => {
  it.each([
    'migration_ledger',
    'tenants_tenant',
    'tenants_domain',
    'event_queue',
    'event_segment',
    'delivery_segment',
    'client_import_queue',
    'job_tenant',
    'job_change',
  ])('may read public.%s and nothing more', async (table) => {
    await asProgram(null, (client) => client.query(`SELECT * FROM public.${table}`));
    for (const statement of [
      `UPDATE public.${table} SET ${SOME_COLUMN[table] ?? 'id'} = DEFAULT`,
      `DELETE FROM public.${table}`,
      `INSERT INTO public.${table} DEFAULT VALUES`,
      `TRUNCATE public.${table}`,
    ]) {
      await expect(asProgram(null, (client) => client.query(statement))).rejects.toThrow(refused);
    }
  });

  it('may set the switch that pauses events, and neither remove nor double it', async () => {
    const control = 'public.immigration_event_processing_control';
    await asProgram(null, (client) => client.query(`UPDATE ${control} SET is_paused = true`));
    for (const statement of [`DELETE FROM ${control}`, `INSERT INTO ${control} (id) VALUES (2)`]) {
      await expect(asProgram(null, (client) => client.query(statement))).rejects.toThrow(refused);
    }
  });

  it.each([
    'SELECT * FROM public.auth_user',
    'SELECT * FROM public.login_address',
    'SELECT * FROM tenant_main.immigration_client',
    'CREATE TABLE public.mine (id integer)',
    'CREATE SCHEMA mine',
    'CREATE TEMPORARY TABLE mine (id integer)',
    'CREATE ROLE mine',
    'SET ROLE leopard_owner',
  ])('is refused: %s', async (statement) => {
    await expect(asProgram(null, (client) => client.query(statement))).rejects.toThrow(refused);
  });

  it('has limits on how long a statement, a lock and an idle transaction may take', async () => {
    const { rows } = await withConnection(database.app, (client) =>
      client.query(`SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
        current_setting('idle_in_transaction_session_timeout') AS idle`),
    );
    expect(rows).toEqual([{ statement: '30s', lock: '10s', idle: '1min' }]);
  });
});

describe('a tenant’s role', () => {
  it('reads and writes its own tables', async () => {
    await asProgram('tenant_main', async (client) => {
      await client.query("INSERT INTO tenant_main.immigration_client (first_name) VALUES ('Ada')");
      await client.query("UPDATE tenant_main.immigration_client SET first_name = 'Eve'");
      await client.query('DELETE FROM tenant_main.immigration_client');
    });
  });

  it.each([
    'SELECT * FROM tenant_demo.immigration_client',
    'SELECT * FROM public.tenants_tenant',
    'SELECT * FROM public.login_address',
    'DELETE FROM public.login_address',
    'TRUNCATE tenant_main.immigration_note',
    "UPDATE tenant_main.immigration_clientactivity SET description = ''",
    'DELETE FROM tenant_main.immigration_clientactivity',
    'INSERT INTO tenant_main.immigration_client_count VALUES (NULL, ?, false, false, 1)'.replace(
      '?',
      "'LEAD'",
    ),
    'UPDATE tenant_main.immigration_client_count SET n = 0',
    'DELETE FROM tenant_main.immigration_client_count',
    "INSERT INTO tenant_main.immigration_task_count VALUES ('PENDING', 'LOW', 1)",
    'DELETE FROM tenant_main.immigration_task_count',
    'INSERT INTO tenant_main.unread_count VALUES (1, 1)',
    'UPDATE tenant_main.unread_count SET n = 0',
    'DELETE FROM tenant_main.unread_count',
    "INSERT INTO tenant_main.table_change VALUES ('immigration_client', 1)",
    'DELETE FROM tenant_main.table_change',
    'DROP TABLE tenant_main.immigration_note',
    'CREATE TABLE tenant_main.mine (id integer)',
  ])('is refused: %s', async (statement) => {
    await expect(asProgram('tenant_main', (client) => client.query(statement))).rejects.toThrow(
      /permission denied|must be owner/,
    );
  });

  it('adds to the timeline and reads it', async () => {
    await asProgram('tenant_main', async (client) => {
      const { rows } = await client.query(
        'INSERT INTO tenant_main.immigration_client DEFAULT VALUES RETURNING id',
      );
      await client.query('INSERT INTO tenant_main.immigration_clientactivity (client_id) VALUES ($1)', [
        rows[0].id,
      ]);
      const read = await client.query('SELECT * FROM tenant_main.immigration_clientactivity');
      expect(read.rowCount).toBe(1);
    });
  });

  it('gets its rights on tables of later migrations', async () => {
    await withOwner(database.owner, (client) => client.query('CREATE TABLE tenant_main.later (id integer)'));
    await asProgram('tenant_main', (client) => client.query('SELECT * FROM tenant_main.later'));
  });
});

it('refuses to serve through a superuser, or a role that is not there', async () => {
  await withOwner(database.owner, async (client) => {
    await expect(migrateShared(client, 'postgres')).rejects.toThrow('superuser');
    await expect(migrateShared(client, 'nobody_knows')).rejects.toThrow('does not exist');
  });
});
