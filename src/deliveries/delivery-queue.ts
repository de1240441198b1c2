import type { Database } from '../database/database.js';
import { TENANT_IS_SERVED } from '../database/served-tenants.js';
import { type Sql, sql } from '../database/sql.js';
import { PAUSE_IS_ON } from '../events/pauses.js';

/** A delivery claimed by this process until its lease ends. */
export interface DeliveryClaim {
  readonly schema: string;
  readonly deliveryId: number;
  /** The unit by which sending is limited within a tenant: the endpoint, or "mail". */
  readonly destination: string;
}

export type DeliveryKind = 'webhook' | 'email';

/** The number of places of a tenant's destination that are in use. */
export interface Taken {
  readonly schema: string;
  readonly destination: string;
  readonly places: number;
}

export interface ClaimOptions {
  readonly kind: DeliveryKind;
  /** Maximum numbers of claims: in all, per tenant, and per destination, the last one including `taken`. */
  readonly most: number;
  readonly mostPerTenant: number;
  readonly mostPerDestination: number;
  /** The places in use. */
  readonly taken: readonly Taken[];
  /** Number of deliveries already under way in this process, by tenant. */
  readonly running: ReadonlyMap<string, number>;
  /** The tenant served last: claiming continues behind it. '' at the beginning. */
  readonly after: string;
  readonly leaseSeconds: number;
}

/** Duration of a lease; it is renewed while the attempt lasts. */
export const LEASE_SECONDS = 60;
const LONGEST_LEASE_SECONDS = LEASE_SECONDS + 5;

/**
 * For each kind, the condition on its rows, as in the partial indexes, and the handler whose pause holds its
 * deliveries.
 */
const KINDS: Readonly<Record<DeliveryKind, { readonly rows: Sql; readonly handler: string }>> = {
  webhook: { rows: sql`q.destination <> 'mail'`, handler: 'webhook' },
  email: { rows: sql`q.destination = 'mail'`, handler: 'email' },
};

/** The segments in which deliveries may wait (see src/events/worker/segments.ts). */
const OPEN = sql`unnest(ARRAY(SELECT s.segment FROM public.delivery_segment s)) AS open (segment)`;

/** A text that sorts after every destination. */
const BEHIND_ALL = '~';
/**
 * A claim that is longer than any: the clock was set back since, so that nobody knows whether its sender lives. One
 * without an end is no claim, but keeps the delivery from being sent.
 */
const LEFT_BY_THE_CLOCK = sql<boolean>`(q.claimed_until < 'infinity'
  AND q.claimed_until > clock_timestamp() + make_interval(secs => ${sql.lit(LONGEST_LEASE_SECONDS)}))`;

/** Number of candidates examined per wanted delivery, so that every tenant gets its turn. */
const CHOICE = 4;

/**
 * Returns the statement that claims deliveries. It walks over tenants and destinations along the index, however many
 * deliveries each has, beginning after the tenant served last; takes the oldest of each that has room until there are
 * enough candidates; and chooses one of each tenant before a second of any. Deliveries of tenants that are suspended or
 * whose schema is broken stay queued, as all do while the handler is paused.
 */
function claimStatement(options: ClaimOptions): Sql<DeliveryClaim & { readonly rank: number }> {
  const { most, mostPerTenant, mostPerDestination, taken, running, after, leaseSeconds } = options;
  const { rows, handler } = KINDS[options.kind];
  return sql`
    WITH RECURSIVE line AS (
      SELECT ${after}::varchar COLLATE "C" AS schema_name, ${BEHIND_ALL}::varchar COLLATE "C" AS destination, 0 AS lap
      UNION ALL
      SELECT following.schema_name, following.destination, following.lap
      FROM line CROSS JOIN LATERAL (
        (SELECT first.schema_name, first.destination, line.lap FROM ${OPEN} CROSS JOIN LATERAL (
           SELECT q.schema_name, q.destination FROM public.delivery_queue q
           WHERE q.segment = open.segment AND ${rows}
             AND (q.schema_name, q.destination) > (line.schema_name, line.destination)
           ORDER BY q.schema_name, q.destination LIMIT 1
         ) first ORDER BY first.schema_name, first.destination LIMIT 1)
        UNION ALL
        (SELECT first.schema_name, first.destination, 1 FROM ${OPEN} CROSS JOIN LATERAL (
           SELECT q.schema_name, q.destination FROM public.delivery_queue q
           WHERE q.segment = open.segment AND ${rows} AND line.lap = 0
           ORDER BY q.schema_name, q.destination LIMIT 1
         ) first ORDER BY first.schema_name, first.destination LIMIT 1)
        LIMIT 1
      ) following
      WHERE following.lap = 0 OR following.schema_name <= ${after}::varchar
    ), roomy AS (
      SELECT line.*, ${mostPerTenant}::integer - coalesce(busy.running, 0) AS room_of_tenant,
             ${mostPerDestination}::integer - coalesce(taken.places, 0) AS room
      FROM line
      JOIN public.tenants_tenant t ON t.schema_name = line.schema_name AND ${TENANT_IS_SERVED}
      LEFT JOIN unnest(${[...running.keys()]}::text[], ${[...running.values()]}::integer[]) AS busy (schema_name, running)
        ON busy.schema_name = line.schema_name
      LEFT JOIN json_to_recordset(${JSON.stringify(taken)}::json)
        AS taken (schema text, destination text, places integer)
        ON taken.schema = line.schema_name AND taken.destination = line.destination
      WHERE NOT EXISTS (
        SELECT FROM public.event_pause WHERE handler = ${handler} AND ${PAUSE_IS_ON}
      )
    ), due AS (
      SELECT roomy.*, d.delivery_id, d.due_at
      FROM roomy CROSS JOIN LATERAL (
        SELECT oldest.delivery_id, oldest.due_at FROM ${OPEN} CROSS JOIN LATERAL (
          SELECT q.delivery_id, q.due_at FROM public.delivery_queue q
          WHERE q.segment = open.segment AND ${rows}
            AND q.schema_name = roomy.schema_name AND q.destination = roomy.destination
            AND q.due_at <= clock_timestamp()
            AND (q.claimed_until IS NULL OR q.claimed_until <= clock_timestamp() OR ${LEFT_BY_THE_CLOCK})
          ORDER BY q.due_at
          LIMIT greatest(0, least(roomy.room, roomy.room_of_tenant, ${most}::integer))
          FOR UPDATE SKIP LOCKED
        ) oldest
        ORDER BY oldest.due_at
        LIMIT greatest(0, least(roomy.room, roomy.room_of_tenant, ${most}::integer))
      ) d
      LIMIT ${CHOICE * most}::integer
    ), turns AS (
      SELECT *, row_number() OVER (PARTITION BY schema_name ORDER BY due_at, delivery_id) AS turn FROM due
    ), chosen AS (
      SELECT schema_name, delivery_id, row_number() OVER (ORDER BY turn, lap, schema_name) AS rank
      FROM turns WHERE turn <= room_of_tenant
      ORDER BY rank LIMIT ${most}::integer
    )
    UPDATE public.delivery_queue q SET claimed_until = clock_timestamp() + make_interval(secs => ${leaseSeconds}::float8)
    FROM chosen
    WHERE q.schema_name = chosen.schema_name AND q.delivery_id = chosen.delivery_id
    RETURNING q.schema_name AS schema, q.delivery_id AS "deliveryId", q.destination, chosen.rank`;
}

/** Claims due deliveries of all tenants for this process, in the order in which they are to be sent. */
export async function claimDeliveries(database: Database, options: ClaimOptions): Promise<DeliveryClaim[]> {
  const rows = await database.publicQuery(claimStatement(options));
  return rows.sort((a, b) => a.rank - b.rank).map(({ rank, ...claim }) => claim);
}

// A delivery with an outcome has no claim any more and must not get one. A locked row is being changed by a transaction
// that may wait for another of these rows, so it is skipped and renewed the next time.
const renewal = (schemas: readonly string[], ids: readonly number[], leaseSeconds: number) => sql`
  UPDATE public.delivery_queue SET claimed_until = clock_timestamp() + make_interval(secs => ${leaseSeconds}::float8)
  WHERE (schema_name, delivery_id) IN (
    SELECT q.schema_name, q.delivery_id
    FROM public.delivery_queue q JOIN unnest(${schemas}::text[], ${ids}::bigint[]) AS held (schema_name, delivery_id)
      ON q.schema_name = held.schema_name AND q.delivery_id = held.delivery_id
    WHERE q.claimed_until IS NOT NULL FOR UPDATE OF q SKIP LOCKED)`;

/** Extends this process's claims by another lease. */
export async function renewClaims(
  database: Database,
  claims: readonly DeliveryClaim[],
  leaseSeconds: number,
): Promise<void> {
  const schemas = claims.map(({ schema }) => schema);
  const ids = claims.map(({ deliveryId }) => deliveryId);
  await database.publicQuery(renewal(schemas, ids, leaseSeconds));
}
