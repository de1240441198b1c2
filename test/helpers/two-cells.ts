import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningCell, startCells } from '../../src/app/cells.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { type DatabaseHandle, openDatabase } from '../../src/database/connections.js';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { startTemporaryServer, type TemporaryServer } from '../../src/database/temporary-server.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { requireIsolation } from '../../src/schema/access/access-check.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { databaseUrl } from './cli.js';
import { type TestDatabase, testDatabase } from './database.js';
import { seedStaff } from './staff.js';

const ROLES = {
  owner: { user: 'leopard_owner', password: 'owner' },
  app: { user: 'leopard_app', password: 'app' },
};

/** The catalogue with the tenant `main` on the tests' server, and a cell `eu2` with the tenant `far` on a server of its own. */
export interface TwoCells {
  readonly catalogue: TestDatabase;
  readonly server: TemporaryServer;
  readonly config: Config;
  readonly handle: DatabaseHandle;
  /** The cell's database, as services take it. */
  readonly eu2: DatabaseHandle;
  /** Examines the cell, as the start of the program does. */
  start(): Promise<RunningCell[]>;
  close(): Promise<void>;
}

/** Id of the tenant `far`, which the catalogue's sequence has not given to another. */
const FAR = 501;

/** Creates both databases, with STAFF in both tenants. */
export async function twoCells(environment: Readonly<Record<string, string>> = {}): Promise<TwoCells> {
  const directory = await mkdtemp(join(tmpdir(), 'leopard-cells-'));
  // What was committed outlives a killed server, though not the machine.
  const server = await startTemporaryServer({ settings: { synchronous_commit: 'on' } });
  const catalogue = await testDatabase();
  const place = { ...server.admin, database: 'leopard' };
  const [app, owner] = [
    { ...place, ...ROLES.app },
    { ...place, ...ROLES.owner },
  ];
  await bootstrapDatabase(server.admin, { database: 'leopard', ...ROLES }, { hasServer: true });
  await migrateAll(owner, app.user);
  await withOwner(owner, (client) =>
    client.query(`ALTER TABLE public.tenants_tenant ALTER COLUMN id RESTART WITH ${FAR}`),
  );
  const domains = [{ domain: 'far.localhost', isPrimary: true }];
  await createTenantSchema(owner, app.user, { schema: 'tenant_far', name: 'Far', domains, status: 'ACTIVE' });
  await withOwner(catalogue.owner, async (client) => {
    await client.query(
      `INSERT INTO public.tenants_tenant (id, schema_name, name, subscription_status, cell)
       VALUES (${FAR}, 'tenant_far', 'Far', 'ACTIVE', 'eu2')`,
    );
    await client.query(
      `INSERT INTO public.tenants_domain (domain, is_primary, tenant_id) VALUES ('far.localhost', true, ${FAR})`,
    );
  });
  for (const [settings, schema] of [
    [catalogue.app, 'tenant_main'],
    [app, 'tenant_far'],
  ] as const) {
    const database = new Database(settings, { size: 1 });
    await seedStaff({ database }, schema);
    await database.close();
  }
  const config = loadConfig(
    {
      SECRET_KEY: 'test-key-0123456789-abcdefghijklmnopqrstuvwxyz',
      DEBUG: 'true',
      LEOPARD_DATA_DIR: directory,
      LOG_LEVEL: 'silent',
      PORT: '0',
      METRICS_PORT: '0',
      REQUESTS_PER_SECOND_PER_USER: '0',
      DATABASE_URL: databaseUrl(catalogue.app),
      DATABASE_OWNER_URL: databaseUrl(catalogue.owner),
      LEOPARD_CELLS: JSON.stringify({ eu2: { url: databaseUrl(app), owner_url: databaseUrl(owner) } }),
      ...environment,
    },
    directory,
  );
  const handle = await openDatabase(config);
  return {
    catalogue,
    server,
    config,
    handle,
    eu2: handle.cells![0]!.handle,
    start: () => startCells(config, handle, requireIsolation),
    async close() {
      await server.stop();
      await catalogue.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
