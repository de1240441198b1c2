import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DatabaseHandle, openDatabase } from '../src/database/connections.js';
import { Database } from '../src/database/database.js';
import { withOwner } from '../src/database/owner.js';
import { sql } from '../src/database/sql.js';
import { moveTenant } from '../src/moving/move.js';
import { createTenantSchema } from '../src/provisioning/tenant-schema.js';
import { migrateAll } from '../src/schema/migrator.js';
import { build, freePort, Instance } from './program.js';
import { Workshop } from './workshop.js';

/**
 * Measures for how long an agency that is written to is closed while it moves to another PostgreSQL server.
 * npm run bench:move [-- --clients 20000 --rounds 3]
 */

const SCHEMA = 'tenant_acme';
const CONTEXT = { schema: SCHEMA, userId: null };
const WRITERS = 4;
const PAUSE_MS = 20;

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' } },
});

const ROWS = [
  `INSERT INTO immigration_client (first_name, last_name, email, phone_number, stage, active, description)
   SELECT 'Given ' || n, 'Family ' || n, 'client' || n || '@example.com', '+61' || (400000000 + n), 'LEAD', true, repeat('text ', 40)
   FROM generate_series(1, $1::integer) n`,
  `INSERT INTO immigration_note (client_id, content) SELECT id, repeat('note ', 60) FROM immigration_client`,
  `INSERT INTO immigration_passport (id, passport_no) SELECT id, 'N' || id FROM immigration_client`,
];
const BYTES = `
  SELECT sum(pg_total_relation_size(c.oid))::float8 AS bytes FROM pg_class c
  WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r'`;
const NOTES = "SELECT count(*)::integer AS n FROM immigration_note WHERE content LIKE 'during %'";

const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  await build();
  const [main, other] = [await server('main'), await server('eu2')];
  const handle: DatabaseHandle = { ...main, cells: [{ name: 'eu2', handle: other }] };
  const owner = main.owner!;
  await createTenantSchema(owner, main.app.user, {
    schema: SCHEMA,
    name: 'Acme',
    domains: [{ domain: 'acme.localhost', isPrimary: true }],
  });
  const bytes = await withOwner(owner, async (client) => {
    await client.query(`SET search_path TO ${SCHEMA}`);
    for (const text of ROWS) await client.query(text, text.includes('$1') ? [Number(values.clients)] : []);
    await client.query('VACUUM (ANALYZE)');
    return (await client.query<{ bytes: number }>(BYTES, [SCHEMA])).rows[0]!.bytes;
  });
  console.log(`${values.clients} clients with a note and a passport each, ${(bytes / 1e6).toFixed(0)} MB`);
  const pools = [main, other].map(({ app }) => new Database(app, { size: WRITERS }));
  let written = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    const to = round % 2 === 0 ? 'eu2' : 'main';
    const writers = startWriters(pools);
    const moved = await moveTenant({ owner, catalogue: handle }, { schema: SCHEMA, to });
    const { done, refused, longestMs } = await writers.stop();
    written += done;
    const now = to === 'main' ? owner : other.owner!;
    const kept = await withOwner(now, async (client) => {
      await client.query(`SET search_path TO ${SCHEMA}`);
      return (await client.query<{ n: number }>(NOTES)).rows[0]!.n;
    });
    console.log(
      `to ${to}: closed for ${moved.closedMs} ms; of ${done} writes the longest waited ${Math.round(longestMs)} ms, with ${refused} refusals; ${moved.copied} rows copied, ${moved.caughtUp} later, ${moved.last} while it was closed; ${written - kept} writes lost`,
    );
    if (kept !== written) process.exitCode = 1;
  }
  for (const pool of pools) await pool.close();
} finally {
  await workshop.close();
}

/** Starts an embedded server with all shared tables. */
async function server(name: string): Promise<DatabaseHandle> {
  const directory = join(workshop.directory, name);
  mkdirSync(directory);
  const handle = await openDatabase(new Instance(directory, await freePort()).config);
  workshop.atEnd(() => handle.close());
  await migrateAll(handle.owner!, handle.app.user);
  return handle;
}

/** Writes at whichever server takes it, as the program's own role, and tries again what is refused. */
function startWriters(pools: readonly Database[]) {
  const counts = { done: 0, refused: 0, longestMs: 0 };
  let isOver = false;
  const write = async () => {
    const begun = performance.now();
    const query = sql`INSERT INTO immigration_note (client_id, content)
                      SELECT id, 'during a move' FROM immigration_client ORDER BY id LIMIT 1`;
    for (;;) {
      for (const pool of pools) {
        const isDone = await pool.tenantQuery(CONTEXT, query).then(
          () => true,
          () => false,
        );
        if (!isDone) continue;
        counts.done++;
        counts.longestMs = Math.max(counts.longestMs, performance.now() - begun);
        return;
      }
      counts.refused++;
      await sleep(PAUSE_MS);
    }
  };
  const all = Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (!isOver) {
        await write();
        await sleep(PAUSE_MS);
      }
    }),
  );
  return {
    async stop() {
      isOver = true;
      await all;
      return counts;
    },
  };
}
