import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseClient } from '../../src/database/client.js';
import { poolerCheck } from '../../src/production/checks/pooler.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { hasPgBouncer, NO_PGBOUNCER, type PgBouncer, startPgBouncer } from '../helpers/pgbouncer.js';
import { checked, expectLines, goodConfig } from './checking.js';

// The check of the pooler, with PgBouncer in each of its modes.

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  if (!hasPgBouncer) console.warn(NO_PGBOUNCER);
});
afterAll(() => database?.drop());

interface Pool {
  readonly mode: 'transaction' | 'session' | 'statement';
  readonly connections?: number;
  readonly clients?: number;
  /** Whether the program's role may read the pooler's settings. */
  readonly isOpen?: boolean;
}

function start({ mode, connections = 3, clients = 200, isOpen = true }: Pool): Promise<PgBouncer> {
  return startPgBouncer(
    database.app,
    connections,
    ({ database: { database: name, host, port: serverPort, user }, port, users }) => `
[databases]
${name} = host=${host} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = ${connections}
max_client_conn = ${clients}
${isOpen ? `stats_users = ${user}` : ''}
log_connections = 0
log_disconnections = 0
`,
  );
}

async function withPool(pool: Pool, work: (app: PgBouncer['settings']) => Promise<void>): Promise<void> {
  const pooler = await start(pool);
  try {
    await work(pooler.settings);
  } finally {
    await pooler.stop();
  }
}

const look = (app: PgBouncer['settings'], changes: NodeJS.ProcessEnv = {}) =>
  checked(poolerCheck, {
    config: goodConfig(changes),
    database: { kind: 'server', app, direct: database.app, owner: null },
  });

describe.skipIf(!hasPgBouncer)('pooler', () => {
  it('fails in session mode', async () => {
    await withPool({ mode: 'session' }, async (app) => {
      expectLines(await look(app), [['warning', /in session mode.*; set pool_mode = transaction/]]);
    });
  });
  it('fails where a second connection gets none of the server', async () => {
    await withPool({ mode: 'session', connections: 1 }, async (app) => {
      expectLines(await look(app), [['problem', /second connection got none .*; set pool_mode/]]);
    });
  });
  it('fails in statement mode', async () => {
    await withPool({ mode: 'statement' }, async (app) => {
      expectLines(await look(app), [['problem', /in statement mode.*; set pool_mode = transaction/]]);
    });
  });
  it('fails where another program leaves settings behind', async () => {
    await withPool({ mode: 'transaction', connections: 1 }, async (app) => {
      const other = new DatabaseClient({ ...app, application_name: 'another program' });
      await other.connect();
      await other.query("SET work_mem TO '77MB'; SET statement_timeout TO '1h'");
      await other.end();
      expectLines(await look(app), [
        ['warning', /statement_timeout = 3600000, work_mem = 78848; let it use SET LOCAL/],
      ]);
    });
  });
  it('fails where it takes fewer clients than the processes have connections', async () => {
    await withPool({ mode: 'transaction', clients: 20 }, async (app) => {
      const [line] = await look(app, { DOCTOR_PROCESSES: 'api:20' });
      expect(line).toMatchObject({
        level: 'problem',
        text: expect.stringMatching(/takes 20 clients, .* have 120 connections/),
        mend: 'set max_client_conn = 200 in pgbouncer.ini',
      });
    });
  });
  it('fails where the way past it is not given', async () => {
    await withPool({ mode: 'transaction' }, async (app) => {
      const lines = await checked(poolerCheck, { database: { kind: 'server', app, owner: null } });
      expectLines(lines, [['warning', /; set DATABASE_DIRECT_URL/]]);
    });
  });
  it('says how its settings can be read', async () => {
    await withPool({ mode: 'transaction', isOpen: false }, async (app) => {
      expectLines(await look(app), [
        ['unknown', /; let leopard_app read them: stats_users = leopard_app/],
        ['ok', /transaction mode, as seen from here/],
      ]);
    });
  });
  it('passes in transaction mode, with many and with one connection, and without a pooler', async () => {
    for (const connections of [1, 10])
      await withPool({ mode: 'transaction', connections }, async (app) => {
        expectLines(await look(app), [['ok', /^PgBouncer \d+\.\d+\.\d+ in transaction mode/]]);
      });
    expectLines(await look(database.app), [['ok', /there is none/]]);
    expectLines(await checked(poolerCheck), [['unknown', /database does not answer/]]);
  });
});
