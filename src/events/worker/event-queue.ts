import type { Database } from '../../database/database.js';
import { type Statement, statement } from '../../database/statement.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { type DomainEvent, EVENT_COLUMNS } from '../event.js';

/** What is taken out of one tenant's queue at a time. */
export interface Portion {
  readonly most: number;
  /** Only what was taken several times without an outcome, and that one by one. */
  readonly alone: boolean;
  /** Types of events that stay where they are, because a handler of theirs is paused. */
  readonly leftOut: readonly string[];
  /** Only events due since then; null: all. ISO 8601. */
  readonly since: string | null;
}

/** An event of which it was counted that this worker takes it. */
export interface EventClaim {
  readonly id: number;
  /** ISO 8601. */
  readonly dueAt: string;
}

/** An event in this worker's hands. */
export interface ClaimedEvent {
  readonly id: number;
  /** How often it was taken without an outcome, this time included. */
  readonly claims: number;
  /** Null when the queue knows more than the tenant's table. */
  readonly event: DomainEvent | null;
}

export interface Claimed {
  readonly events: readonly ClaimedEvent[];
  /** The id of the content type `client`. */
  readonly clientType: number | null;
}

const TENANT_LOCK = (schema: string) => `hashtext('leopard_events'), hashtext(${schema})`;

// Counted and committed before the work begins: what is counted in a transaction that dies is not counted. Nobody
// else serves a tenant at the same time, which keeps the order of its events. The status is tested by CASE so that no
// index on it is used: beside an old transaction each holds a dead entry for every event handled since.
const COUNT_CLAIMS = `
  WITH claimed AS MATERIALIZED (
    SELECT event_id, due_at FROM public.claim_events(
      CASE WHEN pg_try_advisory_xact_lock(${TENANT_LOCK('$5')}) THEN $1::integer ELSE 0 END, $2, $3,
      coalesce($4::timestamptz, '-infinity'))
  ), counted AS MATERIALIZED (
    SELECT public.count_claims((SELECT array_agg(event_id) FROM claimed)) FROM claimed LIMIT 1
  ), marked AS (
    UPDATE immigration_event SET status = 'PROCESSING', updated_at = now()
    WHERE id = ANY (ARRAY(SELECT event_id FROM claimed)) AND EXISTS (SELECT FROM counted)
      AND CASE WHEN status IN ('PENDING', 'PROCESSING') THEN true END
  )
  SELECT event_id AS id, due_at AS "dueAt" FROM claimed`;

/** Takes events of a tenant, longest due first, for this worker; none when another one serves the tenant now. */
export async function claimEvents(
  database: Database,
  schema: string,
  portion: Portion,
): Promise<EventClaim[]> {
  const { most, alone, leftOut, since } = portion;
  const query = statement<EventClaim>(COUNT_CLAIMS, [most, alone, leftOut, since, schema]);
  return await database.tenantQuery({ schema, userId: null }, query);
}

/** Waits until no worker has events of the tenant in hand, and keeps it so until the transaction ends. */
export function lockTenant(schema: string): Statement {
  return statement(`SELECT pg_advisory_xact_lock(${TENANT_LOCK('$1')})`, [schema]);
}

// Reads each event by its id, whatever the planner expects: it cannot know how many rows the function returns, and the
// statistics of a table that fills quickly are those of an empty one.
const READ = `
  SELECT q.event_id, q.claims, ${EVENT_COLUMNS},
    (SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client') AS client_type
  FROM public.take_events($1) q
  LEFT JOIN LATERAL (SELECT * FROM immigration_event WHERE id = q.event_id OFFSET 0) e ON true
  ORDER BY q.event_id`;

type TakenEventRow = { event_id: number; claims: number; client_type: number | null } & (
  | DomainEvent
  | { id: null }
);

/**
 * Takes what was claimed into the transaction that handles it: locks it, as far as it is still there and due, and
 * reads it. No other worker serves the tenant until the transaction ends.
 */
export async function takeEvents(
  transaction: TenantTransaction,
  schema: string,
  ids: readonly number[],
): Promise<Claimed> {
  const [, rows] = await Promise.all([
    transaction.query(lockTenant(schema)),
    transaction.query(statement<TakenEventRow>(READ, [ids])),
  ]);
  return {
    clientType: rows[0]?.client_type ?? null,
    events: rows.map(({ event_id, claims, client_type, ...event }) => ({
      id: event_id,
      claims,
      event: event.id === null ? null : (event as DomainEvent),
    })),
  };
}

/** Takes events out of the queue. */
export function finishEvents(ids: readonly number[]): Statement {
  return statement('SELECT public.finish_events($1::bigint[])', [ids]);
}

/** Keeps failed events in the queue until the admins can be notified, each for its number of seconds. */
export function awaitAlerts(alerts: readonly { readonly id: number; readonly seconds: number }[]): Statement {
  return statement(
    'SELECT public.await_alert(a.id, a.seconds) FROM unnest($1::bigint[], $2::float8[]) AS a (id, seconds)',
    [alerts.map(({ id }) => id), alerts.map(({ seconds }) => seconds)],
  );
}

/** Puts events off, each by its number of seconds, and forgets how often they were claimed. */
export function delayEvents(delays: readonly { readonly id: number; readonly seconds: number }[]): Statement {
  return statement(
    'SELECT public.delay_event(d.id, d.seconds) FROM unnest($1::bigint[], $2::float8[]) AS d (id, seconds)',
    [delays.map(({ id }) => id), delays.map(({ seconds }) => seconds)],
  );
}
