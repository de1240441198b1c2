import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { sql } from '../../src/database/sql.js';
import { MOVE } from '../../src/moving/move-tenant.js';
import { runOperation } from '../../src/provisioning/operations/run.js';
import { contents } from '../backup/contents.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { newClient } from '../helpers/samples/clients.js';
import { seedStaff } from '../helpers/staff.js';
import { tenantSums } from '../helpers/tenant-sums.js';
import { type SecondServer, startSecondServer, withCells } from './second-server.js';

const SCHEMA = 'tenant_main';
const CONTEXT = { schema: SCHEMA, userId: null };

let main: TestDatabase;
let second: SecondServer;
let database: Database;

beforeAll(async () => {
  [main, second] = await Promise.all([testDatabase(), startSecondServer()]);
  database = new Database(main.app, { size: 6 });
  await seedStaff({ database });
  await database.tenantTransaction(CONTEXT, async (transaction) => {
    for (let n = 0; n < 20; n++) await newClient(transaction);
  });
  await database.tenantQuery(
    CONTEXT,
    sql`INSERT INTO immigration_notification (assigned_to_id, title, message)
        SELECT 1 + n % 3, 'Title', 'A message' FROM generate_series(1, 3000) n`,
  );
});
afterAll(async () => {
  await database.close();
  await second.stop();
  await main.drop();
});

const surroundings = () => {
  const catalogue = withCells(main, second);
  return { owner: main.owner, catalogue };
};

/** Changes rows in every way, with transactions of every kind, until it is stopped. */
function busyTenant() {
  let stopped = false;
  const counts = { done: 0, refused: 0, longestMs: 0 };
  const idle = () => new Promise((resolve) => setTimeout(resolve, 2));
  const kinds = [
    sql`INSERT INTO immigration_notification (assigned_to_id, title, message) VALUES (1, 'New', 'A message')`,
    sql`UPDATE immigration_notification SET title = 'Changed' WHERE id = (
          SELECT id FROM immigration_notification ORDER BY random() LIMIT 1)`,
    sql`DELETE FROM immigration_notification WHERE id = (
          SELECT id FROM immigration_notification ORDER BY random() LIMIT 1)`,
    sql`UPDATE immigration_client SET first_name = first_name || '.', stage = 'CLIENT' WHERE id = (
          SELECT id FROM immigration_client ORDER BY random() LIMIT 1)`,
    sql`DO $$ BEGIN
          BEGIN
            INSERT INTO immigration_agent (agent_name, email) VALUES ('Sub', 'a@example.com');
          EXCEPTION WHEN others THEN NULL; END;
          PERFORM pg_sleep(0.02);
          BEGIN
            DELETE FROM immigration_agent WHERE agent_name = 'Sub';
            INSERT INTO immigration_agent (agent_name, email) VALUES ('Sub', 'a@example.com');
            RAISE EXCEPTION 'undone';
          EXCEPTION WHEN raise_exception THEN NULL; END;
        END $$`,
    // Unique values that go from row to row.
    sql`UPDATE immigration_user SET email = CASE id WHEN 2 THEN 'swap3@example.com' ELSE 'swap2@example.com' END
        WHERE id IN (2, 3) AND email NOT LIKE 'never'`,
  ];
  const worker = async (first: number) => {
    for (let n = first; !stopped; n++) {
      const begun = performance.now();
      try {
        await database.tenantQuery(CONTEXT, kinds[n % kinds.length]!);
        counts.done++;
        await idle();
        counts.longestMs = Math.max(counts.longestMs, performance.now() - begun);
      } catch (error) {
        const { code } = error as { code?: string };
        if (code !== '23505') counts.refused++;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };
  const workers = Promise.all([0, 1, 2, 3].map(worker));
  return {
    counts,
    async stop() {
      stopped = true;
      await workers;
      return counts;
    },
  };
}

async function cellInCatalogue(): Promise<string | null> {
  const { rows } = await withOwner(main.owner, (client) =>
    client.query(`SELECT cell FROM public.tenants_tenant WHERE schema_name = $1`, [SCHEMA]),
  );
  return rows[0].cell;
}

/** Returns all rows, without the numbers of transactions, which each server has its own of. */
async function rowsAt(owner: typeof main.owner) {
  const found = await contents(owner, SCHEMA);
  found.immigration_notification = found.immigration_notification!.map((row) =>
    row.replace(/,\d*,("[^"]*"|[\d:]*)\)$/, ')'),
  );
  return found;
}

function move(to: string | null, keepDays = 7) {
  return runOperation(MOVE, surroundings(), {
    schemas: [SCHEMA],
    parameters: { to, longest: 10_000, keepDays },
  });
}

test('a tenant moves to another server while it works, with every row as it was, and back', async () => {
  await withOwner(main.owner, (client) =>
    client.query(`INSERT INTO public.event_pause (schema_name, reason) VALUES ($1, 'Moving house')`, [
      SCHEMA,
    ]),
  );
  const others = await tenantSums(main.owner, [SCHEMA]);
  const busy = busyTenant();
  const { closedMs, copied } = await move('eu2');
  const { done, refused, longestMs } = await busy.stop();
  console.info({ closedMs, copied, done, refused, longestMs: Math.round(longestMs) });
  expect(await cellInCatalogue()).toBe('eu2');
  expect(refused).toBeGreaterThan(0);
  expect(await rowsAt(second.owner)).toEqual(await rowsAt(main.owner));
  expect(await tenantSums(main.owner, [SCHEMA])).toEqual(others);
  expect(await waitingAt(second.owner)).toEqual({ events: expect.any(Number), pauses: 1, lives: true });
  expect(await waitingAt(main.owner)).toEqual({ events: 0, pauses: 0, lives: false });
  // What the old database knows is of no use to a program that has not heard of the move.
  await expect(database.tenantQuery(CONTEXT, sql`DELETE FROM immigration_notification`)).rejects.toThrow(
    'is moving',
  );

  const there = new Database(second.app, { size: 1 });
  await there.tenantQuery(CONTEXT, sql`DELETE FROM immigration_notification WHERE id < 1000`);
  await there.close();
  const moved = await rowsAt(second.owner);
  await move(null, 0);
  expect(await rowsAt(main.owner)).toEqual(moved);
  expect(await tenantSums(main.owner, [SCHEMA])).toEqual(others);
  expect(await waitingAt(main.owner)).toEqual({ events: expect.any(Number), pauses: 1, lives: true });
  await database.tenantQuery(CONTEXT, sql`DELETE FROM immigration_notification`);
  expect(await schemasAt(second.owner)).toEqual([]);
});

async function waitingAt(owner: typeof main.owner) {
  const { rows } = await withOwner(owner, (client) =>
    client.query(
      `SELECT (SELECT count(*)::integer FROM public.event_queue WHERE schema_name = $1) AS events,
         (SELECT count(*)::integer FROM public.event_pause WHERE schema_name = $1) AS pauses,
         EXISTS (SELECT FROM public.tenants_tenant WHERE schema_name = $1 AND cell IS NULL) AS lives`,
      [SCHEMA],
    ),
  );
  return rows[0];
}

async function schemasAt(owner: typeof main.owner): Promise<string[]> {
  const { rows } = await withOwner(owner, (client) =>
    client.query(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'tenant%'
       UNION ALL SELECT 'row ' || schema_name FROM public.tenants_tenant
       UNION ALL SELECT 'migration of ' || scope FROM public.migration_ledger WHERE scope <> 'shared'
       UNION ALL SELECT 'capture of ' || schema_name FROM public.event_capture`,
    ),
  );
  return rows.map(({ name }) => name);
}
