import { chmodSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { findBinaries } from '../../src/database/embedded/binaries.js';
import { withOwner } from '../../src/database/owner.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';
import type { TestDatabase } from '../helpers/database.js';
import { type Standby, startStandby } from '../production/standby.js';

/** A database with the tenants `main` and `demo` on a server of its own, and a standby that streams from it. */
export interface Replicated {
  readonly databases: TestDatabase;
  readonly standby: Standby;
  /** Runs statements as the superuser of the primary, or of the standby. */
  onPrimary(text: string): Promise<Record<string, unknown>[]>;
  onStandby(text: string): Promise<Record<string, unknown>[]>;
  /** Stops the standby's replay, which goes on receiving. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Waits until the standby has replayed what is committed now. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

const DATABASE = 'leopard';

/** Starts both servers, with settings for a standby that cancels what is in its way after a moment. */
export async function startReplicated(): Promise<Replicated> {
  const native = join(dirname(findBinaries().postgres), '..');
  const server = await startTemporaryServer({ settings: { synchronous_commit: 'on' } });
  const bin = join(server.directory, 'programs', 'bin');
  cpSync(native, join(server.directory, 'programs'), { recursive: true, verbatimSymlinks: true });
  chmodSync(server.directory, 0o755);
  const [owner, app] = ['leopard_owner', 'leopard_app'].map((user) => ({ user, password: user })) as [
    { user: string; password: string },
    { user: string; password: string },
  ];
  await bootstrapDatabase(server.admin, { database: DATABASE, owner, app });
  const as = (role: object) => ({ ...server.admin, ...role, database: DATABASE });
  const databases: TestDatabase = {
    app: as(app),
    owner: as(owner),
    admin: as({}),
    drop: async () => undefined,
  };
  await migrateAll(databases.owner, app.user);
  for (const name of ['main', 'demo']) {
    const domains = [{ domain: `${name}.localhost`, isPrimary: true }];
    const tenant = { schema: `tenant_${name}`, name, domains, status: 'ACTIVE' } as const;
    await createTenantSchema(databases.owner, app.user, tenant);
  }
  await withOwner(server.admin, (client) =>
    client.query("ALTER SYSTEM SET max_standby_streaming_delay = '100ms'"),
  );
  const standby = await startStandby({ ...databases, data: join(server.directory, 'data'), bin });
  const rowsOf = (settings: TestDatabase['admin'], text: string) =>
    withOwner(settings, async (client) => (await client.query(text)).rows);
  const onPrimary = (text: string) => rowsOf(databases.admin, text);
  const onStandby = (text: string) => rowsOf(standby.admin, text);
  return {
    databases,
    standby,
    onPrimary,
    onStandby,
    pause: async () => void (await onStandby('SELECT pg_wal_replay_pause()')),
    resume: async () => void (await onStandby('SELECT pg_wal_replay_resume()')),
    async caughtUp() {
      const [row] = await onPrimary('SELECT pg_current_wal_insert_lsn()::text AS position');
      const question = `SELECT pg_last_wal_replay_lsn() >= '${row?.position}' AS done`;
      while (!(await onStandby(question))[0]?.done) await onPrimary('SELECT pg_log_standby_snapshot()');
    },
    async stop() {
      await standby.stop();
      await server.stop();
    },
  };
}
