import type { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

/** A delivery in this process's hands, until its lease ends. */
export interface Claim {
  readonly schema: string;
  readonly deliveryId: number;
  /** What sending is bounded by: host and port, or "mail". */
  readonly destination: string;
}

export interface ClaimOptions {
  /** How many at most. */
  readonly most: number;
  readonly mostPerDestination: number;
  /** How many are under way here already, by destination. */
  readonly running: ReadonlyMap<string, number>;
  /** The tenant that was served last: those behind it come first. '' at the beginning. */
  readonly after: string;
  readonly leaseSeconds: number;
}

/** How long a claim holds: longer than any attempt may take. */
export const LEASE_SECONDS = 60;

/** Sorts behind every host. */
const BEHIND_ALL = '~';
/** How many times as many deliveries as are wanted are looked at, so that each tenant has its turn. */
const CHOICE = 4;

/**
 * Steps through tenants and destinations by the index, however many deliveries wait in each, from the tenant behind the
 * one that was served last once round to it; takes the oldest of each that has room, until there is enough to choose
 * from; and of that one of each tenant before a second of any. Tenants that are suspended keep theirs until they come
 * back, and so does everybody while the handler "webhook" or "email" is paused.
 */
const CLAIM = `
  WITH RECURSIVE line AS (
    SELECT $5::varchar COLLATE "C" AS schema_name, '${BEHIND_ALL}'::varchar COLLATE "C" AS destination, 0 AS lap
    UNION ALL
    SELECT following.schema_name, following.destination, following.lap
    FROM line CROSS JOIN LATERAL (
      (SELECT q.schema_name, q.destination, line.lap FROM public.delivery_queue q
       WHERE (q.schema_name, q.destination) > (line.schema_name, line.destination)
       ORDER BY q.schema_name, q.destination LIMIT 1)
      UNION ALL
      (SELECT q.schema_name, q.destination, 1 FROM public.delivery_queue q
       WHERE line.lap = 0
       ORDER BY q.schema_name, q.destination LIMIT 1)
      LIMIT 1
    ) following
    WHERE following.lap = 0 OR following.schema_name <= $5
  ), roomy AS (
    SELECT line.*, $2::integer - coalesce(busy.running, 0) AS room
    FROM line
    JOIN public.tenants_tenant t ON t.schema_name = line.schema_name
      AND t.is_active AND t.subscription_status NOT IN ('SUSPENDED', 'CANCELLED')
    LEFT JOIN unnest($3::text[], $4::integer[]) AS busy (destination, running)
      ON busy.destination = line.destination
    WHERE NOT EXISTS (
      SELECT FROM public.event_pause p
      WHERE p.handler = CASE line.destination WHEN 'mail' THEN 'email' ELSE 'webhook' END
        AND (p.paused_until IS NULL OR p.paused_until > clock_timestamp())
    )
  ), due AS (
    SELECT roomy.*, d.delivery_id, d.due_at
    FROM roomy CROSS JOIN LATERAL (
      SELECT q.delivery_id, q.due_at FROM public.delivery_queue q
      WHERE q.schema_name = roomy.schema_name AND q.destination = roomy.destination
        AND q.due_at <= clock_timestamp()
        AND (q.claimed_until IS NULL OR q.claimed_until <= clock_timestamp())
      ORDER BY q.due_at
      LIMIT greatest(0, least(roomy.room, $1::integer))
      FOR UPDATE SKIP LOCKED
    ) d
    LIMIT ${CHOICE} * $1::integer
  ), turns AS (
    SELECT *, row_number() OVER (PARTITION BY schema_name ORDER BY due_at, delivery_id) AS turn FROM due
  ), places AS (
    SELECT *, row_number() OVER (PARTITION BY destination ORDER BY turn, lap, schema_name) AS place FROM turns
  ), chosen AS (
    SELECT schema_name, delivery_id, row_number() OVER (ORDER BY turn, lap, schema_name) AS rank
    FROM places WHERE place <= room
    ORDER BY rank LIMIT $1::integer
  )
  UPDATE public.delivery_queue q SET claimed_until = clock_timestamp() + make_interval(secs => $6::float8)
  FROM chosen
  WHERE q.schema_name = chosen.schema_name AND q.delivery_id = chosen.delivery_id
  RETURNING q.schema_name AS schema, q.delivery_id AS "deliveryId", q.destination, chosen.rank`;

/** Takes due deliveries of all tenants into this process's hands, in the order in which they are to be sent. */
export async function claimDeliveries(database: Database, options: ClaimOptions): Promise<Claim[]> {
  const { most, mostPerDestination, running, after, leaseSeconds } = options;
  const rows = await database.publicQuery(
    statement<Claim & { readonly rank: number }>(CLAIM, [
      most,
      mostPerDestination,
      [...running.keys()],
      [...running.values()],
      after,
      leaseSeconds,
    ]),
  );
  return rows.sort((a, b) => a.rank - b.rank).map(({ rank, ...claim }) => claim);
}
