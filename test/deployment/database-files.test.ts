import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { withOwner } from '../../src/database/owner.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';
import { testDatabase } from '../helpers/database.js';
import { hasPgBouncer, NO_PGBOUNCER, startPgBouncer } from '../helpers/pgbouncer.js';
import { hasSystemPostgres, systemBinaries } from '../helpers/system-postgres.js';

// The files of deployment/postgresql, pgbouncer and patroni, as their servers read them.

if (!hasPgBouncer) console.log(NO_PGBOUNCER);
if (!hasSystemPostgres)
  console.log('PostgreSQL 15 is not installed (apt-get install postgresql-15); its tests are skipped');

const SIZES = ['small', 'medium', 'large'] as const;
const fileOf = (size: string) => join('deployment', 'postgresql', `${size}.conf`);

/** Returns the settings of a postgresql.conf. */
function settingsOf(size: string): Record<string, string> {
  const lines = readFileSync(fileOf(size), 'utf8').matchAll(/^(\w+) = ('[^']*'|[^\s#]+)/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value!.replace(/^'|'$/g, '')]));
}

/** Returns the number of relations that pg_dump locks for an agency. */
async function relationsOfAgency(): Promise<number> {
  const database = await testDatabase();
  try {
    return await withOwner(database.owner, async (client) => {
      const { rows } = await client.query(
        `SELECT count(*)::int AS count FROM pg_class
         WHERE relnamespace = 'tenant_main'::regnamespace AND relkind IN ('r', 'S')`,
      );
      return rows[0].count;
    });
  } finally {
    await database.drop();
  }
}

describe('PostgreSQL', () => {
  test('the settings allow pg_dump of as many agencies as they say, and the pools', async () => {
    const relations = await relationsOfAgency();
    for (const size of SIZES) {
      const text = readFileSync(fileOf(size), 'utf8');
      const said = Number(/about (\d+) tables and sequences/.exec(text)?.[1]);
      expect(Math.abs(said - relations)).toBeLessThan(15);
      const agencies = Number(/up to ([\d,]+) agencies/.exec(text)?.[1]?.replace(',', ''));
      const { max_connections, max_locks_per_transaction } = settingsOf(size);
      expect(Number(max_connections) * Number(max_locks_per_transaction)).toBeGreaterThan(
        1.1 * agencies * relations,
      );
    }
    const [, pool] = /default_pool_size = (\d+)/.exec(pgbouncerIni()) ?? [];
    expect(Number(pool)).toBeLessThanOrEqual(Number(settingsOf('small').max_connections) - 30);
  });

  test.skipIf(!hasSystemPostgres).each(SIZES)('a server starts with the file %s', async (size) => {
    const folder = mkdtempSync(join(tmpdir(), 'leopard-conf-'));
    chmodSync(folder, 0o755); // for the server's own user
    const file = join(folder, 'postgresql.conf');
    cpSync(fileOf(size), file);
    const given = settingsOf(size);
    const { max_connections = '' } = given;
    // A machine for tests has less memory than a large server.
    const memory = size === 'small' ? {} : { shared_buffers: '128MB' };
    const server = await startTemporaryServer({
      binaries: systemBinaries(),
      settings: { config_file: file, max_connections, ...memory },
    });
    try {
      const { rows } = await withOwner(server.admin, (client) =>
        client.query('SELECT name, current_setting(name) AS value FROM unnest($1::text[]) name', [
          ['max_locks_per_transaction', 'work_mem', 'jit', 'log_error_verbosity'],
        ]),
      );
      for (const { name, value } of rows) expect([name, value]).toEqual([name, given[name]]);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

const pgbouncerIni = () => readFileSync(join('deployment', 'pgbouncer', 'pgbouncer.ini'), 'utf8');

test.skipIf(!hasPgBouncer)('PgBouncer starts with its file, in transaction mode', async () => {
  const database = await testDatabase();
  const said: string[] = [];
  const pooler = await startPgBouncer(
    database.app,
    0,
    ({ database: { host, port: at, database: name }, port, users }) =>
      pgbouncerIni()
        .replace('leopard = host=127.0.0.1 port=5432 dbname=leopard', `${name} = host=${host} port=${at}`)
        .replace('listen_port = 6432', `listen_port = ${port}`)
        .replace('/etc/pgbouncer/userlist.txt', users)
        .replace('stats_users = leopard_app', `stats_users = ${database.app.user}`),
  );
  try {
    const { rows } = await withOwner(pooler.settings, (client) => client.query('SELECT 1 AS one'));
    expect(rows).toEqual([{ one: 1 }]);
    said.push(...(await poolSettings({ ...pooler.settings, database: 'pgbouncer' })));
  } finally {
    await pooler.stop();
    await database.drop();
  }
  expect(said).toEqual(expect.arrayContaining(['pool_mode=transaction', 'default_pool_size=40']));
});

/** Returns PgBouncer's own settings, from its console. */
async function poolSettings(settings: Parameters<typeof withOwner>[0]): Promise<string[]> {
  const { Client } = (await import('pg')).default;
  const client = new Client(settings);
  await client.connect();
  const { rows } = await client.query('SHOW CONFIG');
  await client.end();
  return rows.map(({ key, value }) => `${key}=${value}`);
}

test('the example for Patroni has the settings of a medium server', () => {
  const patroni = parse(readFileSync(join('deployment', 'patroni', 'patroni.yml'), 'utf8'));
  const { max_connections, max_locks_per_transaction } = settingsOf('medium');
  expect(patroni.bootstrap.dcs.postgresql.parameters).toMatchObject({
    max_connections: Number(max_connections),
    max_locks_per_transaction: Number(max_locks_per_transaction),
  });
  expect(patroni.postgresql.pg_hba.every((line: string) => /peer$|scram-sha-256$/.test(line))).toBe(true);
});
