import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fileSink } from '../src/backup/backup-output.js';
import { writeBackup } from '../src/backup/write-backup.js';
import type { ConnectionSettings } from '../src/config/config.js';
import { bootstrapDatabase } from '../src/database/bootstrap.js';
import { withOwner } from '../src/database/owner.js';
import { startTemporaryServer } from '../src/database/temporary-server.js';
import { createTenantSchema } from '../src/provisioning/tenant-schema.js';
import { migrateAll } from '../src/schema/migrator.js';
import { runSystem, systemBinaries } from '../test/helpers/system-postgres.js';

/**
 * Measures how many locks pg_dump of everything takes with many tenants, at which max_locks_per_transaction it succeeds,
 * and how many `leopard backup` takes. Tenants have real tables without rows. Needs the system's PostgreSQL 15 or newer.
 * npm run bench:backup-locks [-- --tenants 150]
 */

const SETTINGS = [64, 128, 256, 512];

const { values } = parseArgs({ options: { tenants: { type: 'string', default: '150' } } });
const tenants = Number(values.tenants);
const server = await startTemporaryServer({
  binaries: systemBinaries(),
  settings: { max_connections: '100' }, // PostgreSQL's default
});
const folder = await mkdtemp(join(tmpdir(), 'leopard-locks-'));
try {
  const roles = {
    owner: { user: 'leopard_owner', password: 'owner' },
    app: { user: 'leopard_app', password: 'app' },
  };
  await bootstrapDatabase(server.admin, { database: 'leopard', ...roles }, { hasServer: true });
  const admin = { ...server.admin, database: 'leopard' };
  const owner = { ...admin, ...roles.owner };
  await migrateAll(owner, roles.app.user);
  for (let number = 1; number <= tenants; number++) {
    await createTenantSchema(owner, roles.app.user, {
      schema: `tenant_t${number}`,
      name: `Agency ${number}`,
      domains: [{ domain: `t${number}.localhost`, isPrimary: true }],
    });
  }
  const [facts] = await rowsOf(
    admin,
    `SELECT current_setting('server_version') AS version, current_setting('max_connections') AS connections,
       count(*) / ${tenants} AS tables FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text LIKE 'tenant%'`,
  );
  console.log(
    `PostgreSQL ${facts.version}, max_connections ${facts.connections}; ${tenants} tenants with ${facts.tables} tables each`,
  );
  for (const most of SETTINGS) {
    await rowsOf(admin, `ALTER SYSTEM SET max_locks_per_transaction = ${most}`);
    process.kill(server.pid, 'SIGINT');
    await server.startAgain();
    const file = join(folder, 'dump');
    const dump = await watched(admin, 'pg_dump', () => runSystem('pg_dump', admin, ['-Fc', '-f', file]));
    const outcome = dump.result.ok
      ? 'succeeds'
      : `fails: ${/out of shared memory/.exec(dump.result.stderr)?.[0]}`;
    console.log(
      `max_locks_per_transaction ${most}: pg_dump ${outcome} (${dump.locks} locks, ${dump.seconds} s)`,
    );
    if (most === SETTINGS[0]) {
      const path = join(folder, 'platform.tar');
      const own = await watched(admin, 'leopard-owner', async () =>
        writeBackup(owner, await fileSink(path), { schema: null, mediaDirectory: null }),
      );
      console.log(
        `max_locks_per_transaction ${most}: leopard backup succeeds (${own.locks} locks, ${own.seconds} s, ${statSync(path).size} bytes)`,
      );
    }
    if (dump.result.ok) break;
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}

async function rowsOf(settings: ConnectionSettings, sql: string) {
  return (await withOwner(settings, (client) => client.query(sql))).rows;
}

/** Runs work, and returns with its result the largest number of locks that a session of this program held. */
async function watched<T>(settings: ConnectionSettings, program: string, work: () => Promise<T>) {
  let locks = 0;
  let running = true;
  const watching = withOwner(settings, async (client) => {
    while (running) {
      const { rows } = await client.query(
        `SELECT coalesce(max(held), 0)::integer AS held FROM (
           SELECT count(*) AS held FROM pg_locks l JOIN pg_stat_activity a USING (pid)
           WHERE a.application_name = $1 AND pid <> pg_backend_pid() GROUP BY pid) sessions`,
        [program],
      );
      locks = Math.max(locks, rows[0].held);
      await sleep(20);
    }
  });
  const begun = performance.now();
  const result = await work();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  running = false;
  await watching;
  return { result, locks, seconds };
}
