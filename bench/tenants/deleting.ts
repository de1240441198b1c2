import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import { withOwner } from '../../src/database/owner.js';
import { quoteIdentifier } from '../../src/database/schema-name.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';
import { purgeTenant } from '../../src/provisioning/purge-tenant.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { median } from '../statistics.js';
import { nameOf, schemaOf } from './agencies.js';

const WATCH_EVERY_MS = 5;

/** The numbers of agencies that are made and deleted, and what waits in each. */
export interface DeletionOptions {
  readonly made: number;
  readonly deleted: number;
  readonly atOnce: number;
  /** Events in the queue, of all agencies together. */
  readonly events: number;
  readonly picturesOfEach: number;
  readonly folder: string;
}

/** The deletion of agencies at PostgreSQL's default number of locks. */
export interface Deletion extends Pick<DeletionOptions, 'made' | 'deleted' | 'atOnce' | 'events'> {
  /** Milliseconds for one, median. */
  readonly each: number;
  /** The most locks that one session, and all together, held. */
  readonly locksOfOne: number;
  readonly locksOfAll: number;
  /** The number that the server guarantees. */
  readonly places: number;
  /** Remains of the deleted agencies, such as roles, and losses of the others. */
  readonly left: readonly string[];
  readonly lost: readonly string[];
}

/** Makes agencies on a server of its own with PostgreSQL's defaults, and deletes some of them at once. */
export async function measureDeletion(options: DeletionOptions): Promise<Deletion> {
  const { made, deleted, atOnce, events, folder } = options;
  const server = await startTemporaryServer({
    settings: { max_connections: '100', max_locks_per_transaction: '64' },
  });
  try {
    const owner = { user: 'leopard_owner', password: 'owner' };
    const app = { user: 'leopard_app', password: 'app' };
    await bootstrapDatabase(server.admin, { database: 'leopard', owner, app }, { hasServer: true });
    const admin = { ...server.admin, database: 'leopard' };
    const settings = { ...admin, ...owner };
    const handle: DatabaseHandle = {
      kind: 'server',
      app: { ...admin, ...app },
      owner: settings,
      ended: new Promise(() => undefined),
      close: async () => undefined,
      abandon: () => undefined,
    };
    await migrateAll(settings, app.user);
    for (let number = 0; number < made; number++) {
      await createTenantSchema(settings, app.user, {
        schema: schemaOf(number),
        name: `Agency ${number}`,
        domains: [{ domain: `${nameOf(number)}.localhost`, isPrimary: true }],
      });
      await withOwner(settings, (client) => fill(client, number, Math.ceil(events / made)));
      for (let i = 0; i < options.picturesOfEach; i++) storePicture(folder, number, i);
    }
    const query = async (sql: string) => (await withOwner(admin, (client) => client.query(sql))).rows;
    const [places] = await query(PLACES);
    let isOver = false;
    let [locksOfOne, locksOfAll] = [0, 0];
    const watching = withOwner(admin, async (client) => {
      while (!isOver) {
        const { rows } = await client.query(HELD);
        locksOfOne = Math.max(locksOfOne, rows[0].one);
        locksOfAll = Math.max(locksOfAll, rows[0].all);
        await sleep(WATCH_EVERY_MS);
      }
    });
    const times: number[] = [];
    let next = 0;
    const lane = async () => {
      while (next < deleted) {
        const number = next++;
        const begun = performance.now();
        await purgeTenant({ handle, owner: settings, mediaDirectory: folder }, schemaOf(number));
        times.push(performance.now() - begun);
      }
    };
    try {
      await Promise.all(Array.from({ length: atOnce }, lane));
    } finally {
      isOver = true;
      await watching;
    }
    const left = await query(leftOf(Array.from({ length: deleted }, (_, number) => schemaOf(number))));
    const kept = Array.from({ length: made - deleted }, (_, i) => deleted + i);
    const found = await query(
      `SELECT t.schema_name AS schema, (SELECT count(*)::integer FROM public.event_queue q WHERE q.schema_name = t.schema_name) AS events
       FROM public.tenants_tenant t JOIN pg_namespace ON nspname = t.schema_name`,
    );
    const lost = kept
      .filter((number) => !found.some(({ schema, events: of }) => schema === schemaOf(number) && of > 0))
      .map(schemaOf);
    return {
      ...{ made, deleted, atOnce, events, each: median(times) },
      ...{ locksOfOne, locksOfAll, places: places.places },
      left: [...left.map(({ what }) => what), ...filesOf(folder, deleted)],
      lost: [
        ...lost,
        ...kept
          .filter((number) => !existsSync(join(folder, schemaOf(number))))
          .map((n) => `files of ${schemaOf(n)}`),
      ],
    };
  } finally {
    await server.stop();
  }
}

const PLACES = `
  SELECT current_setting('max_locks_per_transaction')::integer * (current_setting('max_connections')::integer
    + current_setting('max_prepared_transactions')::integer) AS places`;

const HELD = `
  SELECT coalesce(max(held), 0)::integer AS one, coalesce(sum(held), 0)::integer AS all
  FROM (SELECT count(*) AS held FROM pg_locks WHERE pid <> pg_backend_pid() GROUP BY pid) sessions`;

async function fill(
  client: { query: (sql: string) => Promise<unknown> },
  number: number,
  tasks: number,
): Promise<void> {
  await client.query(`
    BEGIN;
    SET LOCAL search_path TO ${quoteIdentifier(schemaOf(number))}, pg_temp;
    INSERT INTO immigration_task (title, priority, status, due_date)
    SELECT 'Task ' || n, 'HIGH', 'PENDING', now() FROM generate_series(1, ${Number(tasks)}) n;
    COMMIT`);
}

function storePicture(folder: string, number: number, i: number): void {
  const path = join(folder, schemaOf(number), 'clients', String(i), 'picture.png');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(10_000, 1));
}

function leftOf(schemas: readonly string[]): string {
  const list = `ARRAY[${schemas.map((schema) => `'${schema}'`).join(',')}]`;
  return `
    SELECT 'schema ' || nspname AS what FROM pg_namespace WHERE nspname = ANY (${list})
    UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname = ANY (${list})
    UNION ALL SELECT 'row of ' || schema_name FROM public.tenants_tenant WHERE schema_name = ANY (${list})
    UNION ALL SELECT 'ledger of ' || scope FROM public.migration_ledger WHERE scope = ANY (${list})
    UNION ALL SELECT 'events of ' || schema_name FROM public.event_queue WHERE schema_name = ANY (${list})`;
}

function filesOf(folder: string, deleted: number): string[] {
  return Array.from({ length: deleted }, (_, number) => schemaOf(number))
    .filter((schema) => existsSync(join(folder, schema)))
    .map((schema) => `files of ${schema}`);
}
