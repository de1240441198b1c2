import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENTS, type Scene, TENANTS, USERS } from './scene.js';

type Tenant = (typeof TENANTS)[number];

const LATEST_MS = 300_000;
const LOOK_EVERY_MS = 100;

/** Assigns every client of these tenants to somebody, one event each, after clearing the last round. */
export async function makeBacklog(scene: Scene, tenants: readonly Tenant[]): Promise<void> {
  for (const schema of TENANTS) {
    await scene.sql(
      `TRUNCATE ${['event', 'notification', 'clientactivity'].map((name) => `${schema}.immigration_${name}`)} CASCADE`,
    );
  }
  await scene.sql('TRUNCATE public.event_queue');
  for (const schema of tenants) {
    await scene.sql(
      `UPDATE ${schema}.immigration_client SET assigned_to_id = coalesce(assigned_to_id, id % ${USERS}) % ${USERS} + 1`,
    );
    await scene.sql(`ANALYZE ${schema}.immigration_event`);
  }
  for (const schema of tenants) await scene.sql(`VACUUM ${schema}.immigration_client`);
  await scene.sql('CHECKPOINT');
}

/**
 * Waits until every event of these tenants has its notification and its timeline entry.
 * @returns events per second, from the first commit to the last, as recorded by PostgreSQL
 * @throws Error when something is missing, duplicated or late
 */
export async function rateOf(scene: Scene, tenants: readonly Tenant[]): Promise<number> {
  const total = tenants.length * CLIENTS;
  const late = performance.now() + LATEST_MS;
  for (;;) {
    const done = await sum(
      scene,
      tenants,
      `SELECT count(*) FROM %.immigration_event WHERE status = 'COMPLETED'`,
    );
    if (done >= total) break;
    if (performance.now() > late) throw new Error(`${done} of ${total} events handled in five minutes`);
    await sleep(LOOK_EVERY_MS);
  }
  for (const table of ['notification', 'clientactivity']) {
    const written = await sum(scene, tenants, `SELECT count(*) FROM %.immigration_${table}`);
    if (written !== total) throw new Error(`${total} events made ${written} rows of immigration_${table}`);
  }
  const commits = tenants.map(
    (schema) => `SELECT pg_xact_commit_timestamp(xmin) AS at FROM ${schema}.immigration_notification`,
  );
  const [row] = await scene.sql<{ rate: number }>(
    `SELECT (sum(n) - min(first))::float8 / extract(epoch FROM max(at) - min(at))::float8 AS rate
     FROM (SELECT at, count(*) AS n, first_value(count(*)) OVER (ORDER BY at) AS first
           FROM (${commits.join(' UNION ALL ')}) each GROUP BY at) batches`,
  );
  return row?.rate ?? Number.NaN;
}

async function sum(scene: Scene, tenants: readonly Tenant[], query: string): Promise<number> {
  const parts = tenants.map((schema) => `(${query.replaceAll('%', schema)})`);
  const [row] = await scene.sql<{ n: number }>(`SELECT (${parts.join(' + ')})::integer AS n`);
  return row?.n ?? 0;
}
