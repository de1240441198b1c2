import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportTenant } from '../../src/cli/export-tenant.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { inTransaction, type OwnerClient, withOwner } from '../../src/database/owner.js';
import { quoteIdentifier } from '../../src/database/schema-name.js';
import { startTemporaryServer, type TemporaryServer } from '../../src/database/temporary-server.js';
import { EVENTS } from '../../src/events/config.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { deleteTenant } from '../../src/provisioning/delete-tenant.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import { purgeTenant } from '../../src/provisioning/purge-tenant.js';
import { createTenantSchemaOn } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { orphans, tenantSums } from '../helpers/tenant-sums.js';

// Deleting a third of sixty agencies, four at a time, with a server that has as many locks as PostgreSQL gives by default:
// 64 * 100. One agency's tables, indexes and sequences are some 500, so that neither its export nor its removal may lock all
// of them: twenty at a time have room.

const MADE = 60;
const DELETED = 20;
const AT_ONCE = 4;
const EVENTS_OF_EACH = 17;
const PLACES = 64 * 100;
const MOST_LOCKS_OF_ONE = PLACES / 20;
const LOOK_MS = 10;
const PATIENCE_MS = 600_000;

const schemaOf = (number: number) => `tenant_agency_${number}`;
const SCHEMAS = Array.from({ length: MADE }, (_, number) => schemaOf(number));
const GOING = SCHEMAS.slice(0, DELETED);

let server: TemporaryServer;
let folder: string;
let media: string;
let handle: DatabaseHandle;

beforeAll(async () => {
  server = await startTemporaryServer({
    settings: {
      ...{ max_connections: '100', max_locks_per_transaction: '64' },
      ...{ autovacuum: 'off', jit: 'off', wal_level: 'minimal', max_wal_senders: '0' }, // quicker
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'leopard-deleting-'));
  media = join(folder, 'media');
  const owner = { user: 'leopard_owner', password: 'owner' };
  const app = { user: 'leopard_app', password: 'app' };
  await bootstrapDatabase(server.admin, { database: 'leopard', owner, app }, { hasServer: true });
  const admin = { ...server.admin, database: 'leopard' };
  handle = {
    kind: 'server',
    app: { ...admin, ...app },
    owner: { ...admin, ...owner },
    ended: new Promise(() => undefined),
    close: async () => undefined,
    abandon: () => undefined,
  };
  await migrateAll(handle.owner!, app.user);
  await asOwner(async (client) => {
    for (const schema of SCHEMAS) {
      const name = schema.replace('tenant_', '').replace('_', '-');
      const domains = [{ domain: `${name}.localhost`, isPrimary: true }];
      await inTransaction(client, () =>
        createTenantSchemaOn(client, app.user, { schema, name, domains }, { fill }),
      );
      await mkdir(join(media, schema, 'profile-pictures'), { recursive: true });
      await writeFile(join(media, schema, 'profile-pictures', 'a.png'), Buffer.alloc(10_000, 1));
    }
  });
}, PATIENCE_MS);
afterAll(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true });
});

const asOwner = <T>(work: (client: OwnerClient) => Promise<T>) => withOwner(handle.owner!, work);
const sql = async <T extends object>(text: string, values: unknown[] = []) =>
  (await asOwner((client) => client.query<T>(text, values))).rows;

/** Adds tasks, whose events wait in the queue. */
async function fill(client: OwnerClient): Promise<void> {
  await client.query(
    `INSERT INTO immigration_task (title, priority, status, due_date)
     SELECT 'Task ' || n, 'HIGH', 'PENDING', now() FROM generate_series(1, ${EVENTS_OF_EACH}) n`,
  );
}

/** Deletes them as `leopard tenants delete` does, and removes them for good as the job does when their time is over. */
async function deleteAll(): Promise<void> {
  const owner = handle.owner!;
  const left = [...GOING];
  const lane = async () => {
    for (let schema = left.shift(); schema !== undefined; schema = left.shift()) {
      const file = join(folder, `${schema}.tar`);
      const surroundings = { handle, owner, exportTenant: exportTenant(handle, media) };
      await deleteTenant(surroundings, schema, { days: 30, file });
      await purgeTenant({ handle, owner, mediaDirectory: media }, schema);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Runs `work`; returns the most locks that one session, and all together, held meanwhile. */
async function watchingLocks(work: () => Promise<void>): Promise<{ one: number; all: number }> {
  let isOver = false;
  const most = { one: 0, all: 0 };
  const watching = asOwner(async (client) => {
    while (!isOver) {
      const { rows } = await client.query<typeof most>(
        `SELECT coalesce(max(held), 0)::integer AS one, coalesce(sum(held), 0)::integer AS all
         FROM (SELECT count(*) AS held FROM pg_locks WHERE pid <> pg_backend_pid() GROUP BY pid) sessions`,
      );
      most.one = Math.max(most.one, rows[0]!.one);
      most.all = Math.max(most.all, rows[0]!.all);
      await sleep(LOOK_MS);
    }
  });
  await work().finally(() => {
    isOver = true;
  });
  await watching;
  return most;
}

it(
  'twenty of sixty tenants are deleted four at a time, and nothing of them is left, of the others everything',
  async () => {
    const owner = handle.owner!;
    const [waiting] = await sql<{ count: number }>(
      'SELECT count(*)::integer AS count FROM public.event_queue',
    );
    expect(waiting!.count).toBeGreaterThanOrEqual(1_000);
    const others = await tenantSums(owner, GOING);
    const most = await watchingLocks(deleteAll);
    expect(most.one).toBeLessThan(MOST_LOCKS_OF_ONE);
    expect(most.all).toBeLessThan(MOST_LOCKS_OF_ONE * AT_ONCE);
    expect(await tenantSums(owner, GOING)).toEqual(others);
    expect(Object.keys(others)).toHaveLength(MADE - DELETED);

    expect(await listOperations(owner)).toEqual([]);
    expect(await orphans(owner, media)).toEqual([]);
    expect((await readdir(media)).filter((name) => GOING.includes(name))).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tar'))).toHaveLength(DELETED);
    const domains = GOING.map((schema) => `${schema.replace('tenant_', '').replace('_', '-')}.localhost`);
    expect(
      await sql(
        `SELECT nspname AS left FROM pg_namespace WHERE nspname = ANY ($1)
         UNION ALL SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)
         UNION ALL SELECT schema_name FROM public.tenants_tenant WHERE schema_name = ANY ($1)
         UNION ALL SELECT schema_name FROM public.tenant_deletion WHERE schema_name = ANY ($1)
         UNION ALL SELECT domain FROM public.tenants_domain WHERE domain = ANY ($2)`,
        [GOING, domains],
      ),
    ).toEqual([]);

    const database = new Database(handle.app, { size: 4 });
    const listener = new Listener(handle.app);
    const failures: unknown[] = [];
    const log = (message: string, error: unknown) => void failures.push(message, error);
    const dispatcher = new Dispatcher(database, listener, EVENTS, { concurrency: 3, log });
    await listener.start();
    dispatcher.start();
    await expect
      .poll(() => sql('SELECT FROM public.event_queue LIMIT 1'), { timeout: PATIENCE_MS, interval: 100 })
      .toEqual([]);
    await dispatcher.stop();
    await listener.close();
    await database.close();
    expect(failures).toEqual([]);
    const kept = SCHEMAS.slice(DELETED).map(
      (schema) =>
        `SELECT count(*)::integer AS done FROM ${quoteIdentifier(schema)}.immigration_event
         WHERE status = 'COMPLETED' AND entity_type = 'Task'`,
    );
    const done = await sql<{ done: number }>(kept.join(' UNION ALL '));
    expect(done.map((row) => row.done)).toEqual(kept.map(() => EVENTS_OF_EACH));
  },
  PATIENCE_MS,
);
