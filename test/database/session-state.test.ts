import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { ConnectionSettings } from '../../src/config/config.js';
import { inTransaction, withOwner } from '../../src/database/owner.js';
import { checkAppConnection } from '../../src/database/reachability.js';

import { createTenantSchema, dropTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';

import { startTestApp, type TestApp } from '../helpers/app.js';
import { hasPgBouncer, NO_PGBOUNCER, type PgBouncer, startPgBouncer } from '../helpers/pgbouncer.js';
import { seedStaff } from '../helpers/staff.js';

// The program depends neither on what another program has left on a connection, nor on the database's settings.

const SERVER_CONNECTIONS = 3;

let usual: TestApp;
let pooler: PgBouncer | undefined;
let pooled: TestApp | undefined;

beforeAll(async () => {
  usual = await startTestApp();
  await seedStaff(usual);
  const { admin, app } = usual.databases;
  await withOwner(admin, (client) =>
    client.query(`GRANT TEMPORARY ON DATABASE ${app.database} TO ${app.user};
      ALTER TABLE tenant_main.immigration_client ALTER COLUMN id RESTART WITH 1000`),
  );
  if (!hasPgBouncer) return console.warn(NO_PGBOUNCER);
  pooler = await startPgBouncer(usual.databases.app, SERVER_CONNECTIONS);
  pooled = await startTestApp({ sharing: usual, connectAs: pooler.settings });
});
afterAll(async () => {
  await pooled?.close();
  await pooler?.stop();
  await usual?.close();
});

async function cutConnections(): Promise<void> {
  const { admin, app } = usual.databases;
  await withOwner(admin, async (client) => {
    const mine = 'FROM pg_stat_activity WHERE datname = $1 AND usename = $2';
    const { rows } = await client.query(`SELECT pg_terminate_backend(pid, 5000) ${mine}`, [
      app.database,
      app.user,
    ]);
    expect(rows.length).toBeGreaterThan(0);
  });
  await sleep(100); // the pooler notices
}

/** Runs this on every connection of the pooler to the server, in as many concurrent transactions. */
async function onEveryConnection(sql: string): Promise<void> {
  const { settings } = pooler as PgBouncer;
  await cutConnections(); // with what was left there before
  // The same lock blocks all until each has a connection.
  await withOwner(usual.databases.admin, async (holder) => {
    await holder.query('SELECT pg_advisory_lock(1)');
    const changes = Array.from({ length: SERVER_CONNECTIONS }, () =>
      withOwner(settings, (client) =>
        client.query(`BEGIN; SELECT pg_advisory_xact_lock_shared(1); ${sql}; COMMIT`),
      ),
    );
    for (let waiting = 0; waiting < SERVER_CONNECTIONS; await sleep(10)) {
      const { rows } = await holder.query(
        "SELECT count(*)::integer AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
      );
      waiting = rows[0].n;
    }
    await holder.query('SELECT pg_advisory_unlock(1)');
    await Promise.all(changes);
  });
}

const PERSON = {
  first_name: 'Žofie',
  last_name: "O'Brien\\n",
  gender: 'FEMALE',
  country: 'NP',
  dob: '1960-06-02',
};

/** Collects the program's answers to reads, a write and health, as a client sees them. */
async function look(app: TestApp): Promise<unknown> {
  const token = await app.logIn('admin');
  const made = await app.ask('POST', '/api/v1/clients/', { token, body: PERSON });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const { id } = made.body;
  const paths = [
    `/api/v1/clients/${id}/`,
    '/api/v1/clients/?search=zofie',
    `/api/v1/clients/${id}/timeline/`,
    '/api/v1/tasks/',
    '/api/v1/deadlines/',
    '/api/public/tenant-info/',
    '/health/',
  ];
  const answers = [];
  for (const path of paths) {
    const { status, body } = await app.ask('GET', path, { token });
    expect(status, path).toBe(200);
    answers.push(body);
  }
  await app.ask('DELETE', `/api/v1/clients/${id}/`, { token });
  // Times and ids differ between runs.
  return JSON.parse(
    JSON.stringify(answers)
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, 'a moment')
      .replaceAll(new RegExp(`\\b${id}\\b(?!")`, 'g'), '0')
      .replaceAll(/"(count|id|request_id)":("[^"]*"|\d+)/g, '"$1":"n"'),
  );
}

const LEFT: readonly (readonly [string, string])[] = [
  ['a role', 'SET ROLE tenant_demo'],
  [
    'settings of all kinds',
    `SET search_path TO pg_catalog; SET datestyle TO 'SQL, DMY'; SET intervalstyle TO 'sql_standard';
     SET timezone TO 'Asia/Kathmandu'; SET bytea_output TO 'escape'; SET extra_float_digits TO -10;
     SET standard_conforming_strings TO off; SET client_encoding TO 'LATIN1'; SET transform_null_equals TO on;
     SET array_nulls TO off; SET leopard.user_id TO '999'; SET leopard.source TO 'elsewhere';
     SET default_transaction_isolation TO 'serializable'; SET default_transaction_deferrable TO on`,
  ],
  ['read-only transactions', 'SET default_transaction_read_only TO on'],
  ['short limits of statements', "SET statement_timeout TO '1ms'; SET lock_timeout TO '1ms'"],
  ['a short limit of idle transactions', "SET idle_in_transaction_session_timeout TO '1ms'"],
  [
    'temporary tables named as the program’s',
    'CREATE TEMPORARY TABLE immigration_client (id int); CREATE TEMPORARY TABLE tenants_tenant (id int)',
  ],
];

describe.skipIf(!hasPgBouncer)('where another program has left, on every connection of a pooler,', () => {
  it.each(LEFT)('%s, every answer is the usual one', async (_what, sql) => {
    const expected = await look(usual);
    await onEveryConnection(sql);
    expect(await look(pooled as TestApp)).toEqual(expected);
  });

  it('a limit of statements that strikes again and again is removed all the same', async () => {
    const token = await (pooled as TestApp).logIn('admin');
    await onEveryConnection("SET statement_timeout TO '1ms'");
    const backends = await connectedBackends();
    const end = new AbortController();
    const stopping = stopNowAndThen(backends, end.signal);
    try {
      for (let i = 0; i < 200; i++)
        expect((await (pooled as TestApp).ask('GET', '/api/v1/tasks/', { token })).status).toBe(200);
    } finally {
      end.abort();
      await stopping;
    }
  });
});

async function connectedBackends(): Promise<number[]> {
  const { admin, app } = usual.databases;
  return await withOwner(admin, async (client) => {
    const { rows } = await client.query(
      'SELECT pid FROM pg_stat_activity WHERE datname = $1 AND usename = $2',
      [app.database, app.user],
    );
    return rows.map(({ pid }) => pid);
  });
}

/** Stops these processes for moments longer than the limit, as a busy machine does, until told to end. */
async function stopNowAndThen(processes: readonly number[], signal: AbortSignal): Promise<void> {
  const all = (name: NodeJS.Signals) => {
    for (const id of processes) process.kill(id, name);
  };
  while (!signal.aborted) {
    all('SIGSTOP');
    await sleep(2);
    all('SIGCONT');
    await sleep(Math.random());
  }
}

describe('where the database and the roles have settings of their own,', () => {
  const SET = [
    ["datestyle = 'SQL, DMY'"],
    ["timezone = 'Asia/Kathmandu'"],
    ["intervalstyle = 'sql_standard'"],
    ["bytea_output = 'escape'"],
    ['extra_float_digits = -10'],
    ['default_transaction_read_only = on'],
    ["default_transaction_isolation = 'serializable'"],
    ["search_path = 'pg_catalog'"],
    ['array_nulls = off'],
    ["client_encoding = 'LATIN1'"],
    ["statement_timeout = '0'"],
  ].map(([set]) => set);

  it('every answer is the usual one, and the owner’s work is done', { timeout: 60_000 }, async () => {
    const expected = await look(usual);
    const { admin, app, owner } = usual.databases;
    const forAll = (verb: (set: string) => string) =>
      withOwner(admin, (client) =>
        client.query(SET.map((set) => `ALTER DATABASE ${app.database} ${verb(set as string)}`).join('; ')),
      );
    await forAll((set) => `SET ${set}`);
    const other = await startTestApp({ sharing: usual, connectAs: { ...app } });
    try {
      expect(await look(other)).toEqual(expected);
      const schema = `tenant_${app.database}`;
      await createTenantSchema(owner, app.user, {
        schema,
        name: schema,
        domains: [{ domain: 'set.localhost', isPrimary: true }],
      });
      expect(await migrateAll(owner, app.user)).toMatchObject({ applied: 0, failures: [] });
      await dropTenantSchema(owner, schema);
    } finally {
      await other.close();
      await forAll((set) => `RESET ${set.split(' ')[0]}`);
    }
  });
});

test('the owner’s transactions and statements begin with the same settings', async () => {
  const { owner } = usual.databases;
  const shown =
    "SELECT current_setting('datestyle') AS d, current_setting('search_path') AS p, current_setting('transaction_isolation') AS i";
  const usually = { d: 'ISO, MDY', p: 'public, pg_temp', i: 'read committed' };
  await withOwner(owner, async (client) => {
    expect((await client.query(shown)).rows).toEqual([usually]);
    await client.query(
      "SET datestyle TO 'SQL, DMY'; SET default_transaction_isolation TO 'serializable'; SET search_path TO pg_catalog",
    );
    expect((await inTransaction(client, () => client.query(shown))).rows).toEqual([usually]);
  });
});

test('without triggers the program does not start', async () => {
  const { admin, app } = usual.databases;
  const alter = (what: string) =>
    withOwner(admin, (client) =>
      client.query(`ALTER DATABASE ${app.database} ${what} session_replication_role`),
    );
  await withOwner(admin, (client) =>
    client.query(`ALTER DATABASE ${app.database} SET session_replication_role TO 'replica'`),
  );
  const check = (settings: ConnectionSettings) => checkAppConnection(settings);
  await expect(check(app)).rejects.toThrow(
    /^triggers do not fire for leopard_app in the database .* as a superuser run: /,
  );
  await alter('RESET');
  await check(app);
});
