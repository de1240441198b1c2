import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConnectionSettings } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { findBinaries } from '../../src/database/embedded/binaries.js';
import { withOwner } from '../../src/database/owner.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';

/** A PostgreSQL server of a test of its own, which is as no operator should leave one. */
export interface OddServer {
  /** The superuser, on the database of the program. */
  readonly admin: ConnectionSettings;
  readonly app: ConnectionSettings;
  readonly owner: ConnectionSettings;
  /** The folder of its data. */
  readonly data: string;
  /** The folder of its programs. */
  readonly bin: string;
  sql(text: string): Promise<void>;
  /** Changes settings, and restarts it. */
  restartWith(settings: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

const DATABASE = 'leopard';
/** A time zone whose file is another one's. */
export const MISREAD_ZONE = 'Asia/Kathmandu';
const OTHER_ZONE = 'Asia/Tokyo';

/** Starts a server without data checksums that misreads one time zone, with one agency. */
export async function startOddServer(): Promise<OddServer> {
  const programs = mkdtempSync(join(tmpdir(), 'leopard-odd-'));
  chmodSync(programs, 0o755);
  const native = join(dirname(findBinaries().postgres), '..');
  cpSync(native, programs, { recursive: true, verbatimSymlinks: true });
  const bin = join(programs, 'bin');
  const zone = (name: string) => join(programs, 'share', 'postgresql', 'timezone', name);
  cpSync(zone(OTHER_ZONE), zone(MISREAD_ZONE));
  const initdb = join(bin, 'initdb-without-checksums');
  writeFileSync(initdb, `#!/bin/sh\nexec ${join(bin, 'initdb')} --no-data-checksums "$@"\n`, { mode: 0o755 });
  const binaries = { postgres: join(bin, 'postgres'), initdb, pgCtl: join(bin, 'pg_ctl') };
  const server = await startTemporaryServer({ binaries });
  const [owner, app] = ['leopard_owner', 'leopard_app'].map((user) => ({ user, password: user })) as [
    { user: string; password: string },
    { user: string; password: string },
  ];
  await bootstrapDatabase(server.admin, { database: DATABASE, owner, app });
  const as = (role: object): ConnectionSettings => ({ ...server.admin, ...role, database: DATABASE });
  await migrateAll(as(owner), app.user);
  const tenant = {
    schema: 'tenant_main',
    name: 'Main',
    domains: [{ domain: 'main.localhost', isPrimary: true }],
  };
  await createTenantSchema(as(owner), app.user, { ...tenant, status: 'ACTIVE' });
  const restart = async () => {
    process.kill(server.pid, 'SIGINT');
    await server.startAgain();
  };
  const sql = (text: string) => withOwner(as({}), async (client) => void (await client.query(text)));
  return {
    admin: as({}),
    app: as(app),
    owner: as(owner),
    data: join(server.directory, 'data'),
    bin,
    sql,
    async restartWith(settings) {
      for (const [name, value] of Object.entries(settings))
        await sql(`ALTER SYSTEM SET ${name} = '${value}'`);
      await restart();
    },
    async stop() {
      await server.stop();
      rmSync(programs, { recursive: true, force: true });
    },
  };
}
