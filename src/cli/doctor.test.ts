import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cliSurroundings, databaseUrl, runCommand } from '../../test/helpers/cli.js';
import type { Finding } from '../database/finding.js';
import { inWords, oldTransactions } from '../database/old-transactions.js';
import { withOwner } from '../database/owner.js';

const { database, folder, settings, close } = await cliSurroundings();
afterAll(close);

async function examine(environment: NodeJS.ProcessEnv = {}) {
  const { exitCode, stdout, stderr } = await runCommand(settings, ['doctor', '--json'], { environment });
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Finding[] };
  return { exitCode, stderr, ok, checks: new Map(checks.map((finding) => [finding.check, finding])) };
}

/** Runs SQL as the server's superuser, and `undo` after `work`. */
async function given(sql: string, undo: string, work: () => Promise<void>): Promise<void> {
  await withOwner(database.admin, (client) => client.query(sql));
  try {
    await work();
  } finally {
    await withOwner(database.admin, (client) => client.query(undo));
  }
}

describe('doctor', () => {
  it('finds nothing to put right in a database as the program makes it', async () => {
    const { exitCode, ok, checks, stderr } = await examine();
    expect([...checks.values()].filter(({ status }) => status === 'problem')).toEqual([]);
    expect([exitCode, ok, stderr]).toEqual([0, true, '']);
    expect([...checks.keys()]).toEqual([
      ...[
        'settings',
        'media',
        'disk',
        'connection',
        'server',
        'locale',
        'pg_trgm',
        'roles',
        'rights',
        'role settings',
        'owner',
        'migrations',
        'tenants',
        'public',
        'tables',
        'notices',
        'transactions',
        'settings of tenants',
        'domains',
        'operations',
        'deleted tenants',
        'retention of logs',
      ],
    ]);
    expect(checks.get('notices')?.status).toBe('ok');
  });

  it('names a transaction that has been open for long, whoever opened it', async () => {
    expect((await examine()).checks.get('transactions')).toMatchObject({ status: 'ok' });
    await withOwner(database.admin, async (client) => {
      await client.query("SET application_name = 'nightly report'; BEGIN; SELECT pg_current_xact_id()");
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid, current_user AS name');
      const { pid, name } = rows[0];
      await withOwner(database.app, async (app) => {
        const asked = (after: number) => {
          const { sql, parameters } = oldTransactions(after);
          return app.query(sql, [...parameters]);
        };
        const found = (await asked(0)).rows.find((row) => row.pid === pid);
        expect(found).toMatchObject({
          user: name,
          application: 'nightly report',
          state: 'idle in transaction',
        });
        expect(found.seconds).toBeGreaterThanOrEqual(0);
        expect(inWords({ ...found, seconds: 900.4 })).toBe(
          `pid ${pid} for 900 s (user ${name}, application nightly report, idle in transaction)`,
        );
        expect((await asked(60)).rows).toEqual([]);
      });
    });
  });

  it('is a table for people', async () => {
    const { stdout } = await runCommand(settings, ['doctor']);
    expect(stdout.split('\n')[0]).toMatch(/^CHECK +STATUS +FINDING$/);
    expect(stdout).toMatch(/^server +ok +PostgreSQL \d+/m);
  });

  it('tells of pending migrations, and ends with 1', async () => {
    const all = 'CREATE TABLE public.kept AS SELECT * FROM public.migration_ledger WHERE number = 2';
    const back = 'INSERT INTO public.migration_ledger SELECT * FROM public.kept; DROP TABLE public.kept';
    await given(`${all}; DELETE FROM public.migration_ledger WHERE number = 2`, back, async () => {
      const { exitCode, ok, checks, stderr } = await examine();
      expect([exitCode, ok, stderr]).toEqual([1, false, '1 check found a problem']);
      expect(checks.get('migrations')).toMatchObject({
        status: 'problem',
        text: expect.stringMatching(
          /^\d are pending, the first is 0002_\w+ of shared; run: leopard migrate$/,
        ),
      });
    });
  });

  it("tells when the program's role owns something", async () => {
    const create = `CREATE TABLE public.own (); ALTER TABLE public.own OWNER TO ${database.app.user}`;
    await given(create, 'DROP TABLE public.own', async () => {
      expect((await examine()).checks.get('roles')).toMatchObject({
        status: 'problem',
        text: expect.stringMatching(/owns 1 objects/),
      });
    });
  });

  it("tells when the program's role reaches a tenant by itself", async () => {
    const right = (verb: string) => `${verb} USAGE ON SCHEMA tenant_demo`;
    const { user } = database.app;
    await given(`${right('GRANT')} TO ${user}`, `${right('REVOKE')} FROM ${user}`, async () => {
      expect((await examine()).checks.get('roles')).toMatchObject({
        status: 'problem',
        text: expect.stringContaining('reaches tenant_demo outside the tenant transaction'),
      });
    });
  });

  it('tells when the owner cannot make what a tenant needs, as creating one does', async () => {
    const role = `owner_${database.app.database}`;
    const DATABASE_OWNER_URL = databaseUrl({ ...database.owner, user: role, password: 'x' });
    const create = `CREATE ROLE ${role} LOGIN PASSWORD 'x'`;
    await given(`${create}; GRANT ${database.owner.user} TO ${role}`, `DROP ROLE ${role}`, async () => {
      const line = `the database role ${role} may not create roles, and every tenant needs one; as a superuser run: ALTER ROLE "${role}" CREATEROLE`;
      const { exitCode, checks } = await examine({ DATABASE_OWNER_URL });
      expect([exitCode, checks.get('owner')]).toMatchObject([1, { status: 'problem', text: line }]);
      const args = ['register_tenant', '--name', 'No role', '--tenant', 'no_role'];
      const made = await runCommand(settings, args, { environment: { DATABASE_OWNER_URL } });
      expect(made).toMatchObject({ exitCode: 1, stderr: line });
    });
    const undo = `REVOKE CONNECT ON DATABASE ${database.app.database} FROM ${role}; DROP ROLE ${role}`;
    const connect = `GRANT CONNECT ON DATABASE ${database.app.database} TO ${role}`;
    await given(`${create} CREATEROLE; ${connect}`, undo, async () => {
      const { exitCode, checks } = await examine({ DATABASE_OWNER_URL });
      expect([exitCode, checks.get('owner')?.text]).toEqual([
        1,
        expect.stringMatching(/may not create schemas, so no tenant; as a superuser run: ALTER DATABASE "/),
      ]);
    });
  });

  it('warns where pg_trgm is missing, which only costs speed', async () => {
    await given('DROP EXTENSION pg_trgm CASCADE', 'CREATE EXTENSION pg_trgm WITH SCHEMA public', async () => {
      const { exitCode, checks } = await examine();
      expect([exitCode, checks.get('pg_trgm')?.status]).toEqual([0, 'warning']);
    });
  });

  it('says how to make the indexes that went with it, and then finds nothing', async () => {
    const { text = '' } = (await examine()).checks.get('tables') ?? {};
    const [, schema = '', statements = ''] =
      /run in leopard dbshell --owner, as here for (\w+): (.*)$/.exec(text) ?? [];
    expect([schema, statements]).toEqual([
      'tenant_main',
      expect.stringMatching(/^CREATE INDEX CONCURRENTLY .* ON "tenant_main"\.client_search /),
    ]);
    for (const each of ['tenant_main', 'tenant_demo']) {
      await withOwner(database.owner, async (client) => {
        for (const statement of statements.replaceAll(schema, each).split('; '))
          await client.query(statement);
      });
    }
    expect((await examine()).checks.get('tables')?.status).toBe('ok');
  });

  it('warns where the owner is not set', async () => {
    const { exitCode, checks } = await examine({ DATABASE_OWNER_URL: '' });
    expect([exitCode, checks.get('owner')?.status]).toEqual([0, 'warning']);
  });

  it('tells all that is wrong with the settings', async () => {
    const { exitCode, stdout } = await runCommand(settings, ['doctor', '--json'], {
      environment: { PORT: 'x', SECRET_KEY: 'short' },
    });
    expect(exitCode).toBe(1);
    expect(
      JSON.parse(stdout)
        .checks.map(({ text }: Finding) => text)
        .toSorted(),
    ).toEqual([expect.stringMatching(/^PORT /), expect.stringMatching(/^SECRET_KEY /)]);
  });

  it('tells that files cannot be stored, where the api runs', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    for (const MEDIA_DIR of [file, join(file, 'below')]) {
      const { exitCode, checks } = await examine({ MEDIA_DIR });
      expect([exitCode, checks.get('media')]).toEqual([
        1,
        {
          check: 'media',
          status: 'problem',
          text: `uploaded files cannot be stored in ${MEDIA_DIR} (${file} is a file); set MEDIA_DIR to a folder that this user may write to`,
        },
      ]);
    }
    const worker = await examine({ MEDIA_DIR: file, LEOPARD_SERVICES: 'worker' });
    expect([worker.exitCode, worker.checks.get('media')?.status]).toEqual([0, 'ok']);
  });

  it('tells that the database does not answer', async () => {
    const url = 'postgres://leopard_app:x@127.0.0.1:1/leopard';
    const { exitCode, checks } = await examine({ DATABASE_URL: url, DATABASE_OWNER_URL: '' });
    expect([exitCode, checks.get('connection')?.status]).toEqual([1, 'problem']);
  });

  it('tells of a database whose locale knows ASCII alone', async () => {
    const name = `${database.app.database}_c`;
    const url = (text: string | undefined) => text?.replace(/[^/]+$/, name);
    const create = `CREATE DATABASE ${name} OWNER ${database.owner.user} TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'`;
    await given(create, `DROP DATABASE ${name}`, async () => {
      const environment = {
        DATABASE_URL: url(settings.DATABASE_URL),
        DATABASE_OWNER_URL: url(settings.DATABASE_OWNER_URL),
      };
      expect((await examine(environment)).checks.get('locale')).toMatchObject({
        status: 'problem',
        text: expect.stringContaining('É and é do not match'),
      });
    });
  });
});
