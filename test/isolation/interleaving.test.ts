import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { NoticeCache } from '../../src/database/notice-cache.js';
import { withOwner } from '../../src/database/owner.js';

import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';

import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { hasPgBouncer, NO_PGBOUNCER, type PgBouncer, startPgBouncer } from '../helpers/pgbouncer.js';
import { noteUsedClients } from '../helpers/used-clients.js';
import { FAILURES, lookOutside, type Operation, read, write } from './workload.js';

const TENANTS = Array.from({ length: 50 }, (_, index) => `tenant_stamp_${String(index).padStart(2, '0')}`);
const OPERATIONS = 10_000;
const AT_ONCE = 40;
/** Number of connections to the server. */
const POOL = 5;
const SEED = 20_261_125;

let databases: TestDatabase;
let pooler: PgBouncer | undefined;

beforeAll(async () => {
  databases = await testDatabase();
  const waiting = [...TENANTS];
  const provision = async () => {
    for (let schema = waiting.pop(); schema; schema = waiting.pop()) {
      const domains = [{ domain: `${schema.slice(7).replace('_', '-')}.localhost`, isPrimary: true }];
      await createTenantSchema(databases.owner, databases.app.user, { schema, name: schema, domains });
    }
  };
  await Promise.all([provision(), provision(), provision()]);
  if (hasPgBouncer) pooler = await startPgBouncer(databases.app, POOL);
  else console.warn(NO_PGBOUNCER);
});
afterAll(async () => {
  await pooler?.stop();
  await databases?.drop();
  await withOwner({ ...databases.admin, database: 'postgres' }, (client) =>
    client.query(`DROP ROLE IF EXISTS ${TENANTS.join(', ')}`),
  );
});

const SETUPS = [
  { name: 'directly', pooled: false, clients: POOL, first: 0 },
  { name: 'through PgBouncer in transaction mode', pooled: true, clients: 3 * POOL, first: OPERATIONS },
];

/**
 * The committed operations of all set-ups, by tenant. Their rows stay, and must be complete after the next as well:
 * emptying 50 tenants' tables took half as long as all operations.
 */
const committed = new Map<string, number[]>(TENANTS.map((schema) => [schema, []]));

describe.each(SETUPS)('$name', ({ pooled, clients, first }) => {
  test.skipIf(pooled && !hasPgBouncer)(
    `${OPERATIONS} interleaved operations of ${TENANTS.length} tenants on ${POOL} connections stay apart`,
    { timeout: 180_000 }, // some 15 seconds, where nothing else runs
    async () => {
      const database = new Database(pooled ? (pooler as PgBouncer).settings : databases.app, {
        size: clients,
      });
      const used = noteUsedClients();
      await withOwner(databases.admin, async (admin) => {
        const outcome = await interleave(first, (id, schema) => ({ id, schema, database, admin }));
        const ended = new Date();
        expect(outcome.wrong).toEqual([]);
        expect(outcome.failed).toBeGreaterThan(OPERATIONS / 11);

        // In every tenant exactly what it committed, complete, and counted by its own triggers.
        for (const schema of TENANTS) {
          const { rows } = await admin.query(
            `SELECT array_agg(last_name::integer ORDER BY last_name::integer) FILTER (WHERE email LIKE 'a@%') AS a,
                    array_agg(last_name::integer ORDER BY last_name::integer) FILTER (WHERE email LIKE 'b@%') AS b,
                    array_agg(DISTINCT first_name) AS stamps,
                    (SELECT sum(n)::integer FROM ${schema}.immigration_client_count) AS counted
             FROM ${schema}.immigration_client`,
          );
          const written = committed.get(schema)?.sort((a, b) => a - b) ?? [];
          expect(written.filter((id) => id >= first).length).toBeGreaterThan(20);
          expect(rows).toEqual([{ a: written, b: written, stamps: [schema], counted: 2 * written.length }]);
        }

        // No connection keeps anything of a tenant.
        used.stop();
        const answers = await Promise.allSettled(
          [...used.clients]
            .filter((client) => client.user === databases.app.user)
            .map((client) => client.query<{ pid: number }>(LEFT, [ended.toISOString()])),
        );
        const left = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.rows : [])); // some were cut
        // A connection that was cut may not have been replaced.
        expect(new Set(left.map(({ pid }) => pid)).size).toBe(pooled ? POOL : database.load.open);
        for (const state of left) expect(state).toEqual({ ...UNTOUCHED, pid: expect.any(Number) });
        // The server ends what runs on a connection that was cut only when it notices.
        const open = async () =>
          (
            await admin.query(
              `SELECT DISTINCT state, xact_start FROM pg_stat_activity WHERE usename = $1 AND datname = $2`,
              [databases.app.user, databases.app.database],
            )
          ).rows;
        await expect.poll(open).toEqual([{ state: 'idle', xact_start: null }]);
      }).finally(() => {
        used.stop();
        return database.close();
      });
    },
  );
});

/** The state of a connection, and whether its transaction has begun since then: the server has this machine's clock. */
const LEFT = `
  SELECT pg_backend_pid() AS pid, current_user AS "user", session_user AS "sessionUser",
         current_setting('role') AS role, current_setting('search_path') AS path,
         coalesce(current_setting('leopard.user_id', true), '') AS actor,
         current_setting('statement_timeout') AS timeout,
         transaction_timestamp() >= $1::timestamptz AS "ownTransaction",
         pg_current_xact_id_if_assigned() IS NULL AS "wroteNothing", pg_sleep(0.2)::text AS slept`;
const UNTOUCHED = {
  user: 'leopard_app',
  sessionUser: 'leopard_app',
  role: 'none',
  path: '"$user", public',
  actor: '',
  timeout: '30s',
  ownTransaction: true,
  wroteNothing: true,
  slept: '',
};

interface InterleavingResult {
  /** Number of expected failures. */
  readonly failed: number;
  /** Unexpected results. */
  readonly wrong: readonly string[];
}

/** Runs all operations, many at a time: of ten four read, four write, one fails, one queries outside of tenants. */
async function interleave(
  first: number,
  operationOf: (id: number, schema: string) => Operation,
): Promise<InterleavingResult> {
  const random = generator(SEED);
  const failures = Object.entries(FAILURES);
  const wrong: string[] = [];
  let next = first;
  let failed = 0;

  const run = async (id: number) => {
    const schema = TENANTS[Math.floor(random() * TENANTS.length)] as string;
    const operation = operationOf(id, schema);
    const kind = id % 10;
    if (kind === 0) {
      const [name, [expected, fail]] = failures[
        Math.floor(id / 10) % failures.length
      ] as (typeof failures)[0];
      const told = await fail(operation).then(
        () => 'success',
        (error: Error) => error.message,
      );
      if (expected.test(told)) failed++;
      else wrong.push(`operation ${id}, where ${name}: ${told}`);
      return;
    }
    try {
      if (kind === 1) await lookOutside(operation);
      else if (kind % 2) await read(operation);
      else {
        await write(operation);
        committed.get(schema)?.push(id);
      }
    } catch (error) {
      wrong.push(`operation ${id}: ${(error as Error).message}`);
    }
  };
  const worker = async () => {
    while (next < first + OPERATIONS) await run(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { failed, wrong };
}

/** Returns a generator of random numbers from 0 to 1, reproducible by seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe.skipIf(!hasPgBouncer)('notices through PgBouncer in transaction mode', () => {
  test('the listener finds out that they are lost, and nothing is kept in memory', async () => {
    const listener = new Listener((pooler as PgBouncer).settings, { heartbeat: 100 });
    const cache = new NoticeCache<{ n: number }>(listener, { ttl: 60_000, max: 10 });
    await listener.start();
    try {
      for (let n = 1; n <= 5; n++) {
        expect(listener.healthy).toBe(false);
        expect(await cache.get('tenant_main', 'key', async () => ({ n }))).toEqual({ n });
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    } finally {
      await listener.close();
    }
  });

  test('they arrive on a direct connection', async () => {
    const listener = new Listener(databases.app);
    await listener.start();
    expect(listener.healthy).toBe(true);
    await listener.close();
  });
});
