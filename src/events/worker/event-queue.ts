import type { Database } from '../../database/database.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Statement } from '../../database/statement.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { type DomainEvent, EVENT_COLUMNS } from '../event.js';
import type { ReferringEvent } from '../handlers/event-context.js';
import { leavingPauses, MAY_WORK_HERE, PAUSED_HANDLERS_HERE } from './ready-tenants.js';

/** A portion of one tenant's queue that is claimed at a time. */
export interface Portion {
  readonly most: number;
  /** Only events claimed several times without an outcome, one at a time. */
  readonly alone: boolean;
  /** Types of events that are skipped, because a handler of theirs is paused. */
  readonly leftOut: readonly string[];
  /** Only events due since then; null for all. ISO 8601. */
  readonly since: string | null;
}

/** A counted claim of this worker on an event. */
export interface EventClaim {
  readonly id: number;
  /** ISO 8601. */
  readonly dueAt: string;
  /** What is known of it, so that the records that it references are read ahead; null in large portions. */
  readonly event: ReferringEvent | null;
  /** The id of the content type `client`. */
  readonly clientType: number | null;
  /** The handlers that were paused when it was claimed. */
  readonly pausedHandlers: readonly string[];
}

/** A claimed event. */
export interface ClaimedEvent {
  readonly id: number;
  /** Number of claims without an outcome, this one included. */
  readonly claims: number;
  /** Null when the queue has the event but the tenant's table does not. */
  readonly event: DomainEvent | null;
}

export interface Claimed {
  readonly events: readonly ClaimedEvent[];
  /** The id of the content type `client`. */
  readonly clientType: number | null;
}

const tenantLock = (schema: string) => sql`hashtext('leopard_events'), hashtext(${schema})`;

/** Maximum number of claims that are returned with their events: states can be long, and are read twice then. */
const MOST_READ_AHEAD = 4;

// Counted and committed before the work begins, since a count in a transaction that dies is lost. Nobody else serves
// the tenant at the same time, which keeps the order of its events. The status is tested by CASE so that no index on it
// is used: beside an old transaction each holds a dead entry for every event handled since.
const countClaims = (schema: string, { most, alone, leftOut, since }: Portion) => sql<ClaimRow>`
  WITH claimed AS MATERIALIZED (
    SELECT event_id, due_at FROM public.claim_events(
      CASE WHEN ${MAY_WORK_HERE} AND pg_try_advisory_xact_lock(${tenantLock(schema)}) THEN ${most}::integer ELSE 0 END, ${alone}, ${leftOut},
      coalesce(${since}::timestamptz, '-infinity'))
  ), counted AS MATERIALIZED (
    SELECT public.count_claims((SELECT array_agg(event_id) FROM claimed)) FROM claimed LIMIT 1
  ), marked AS (
    UPDATE immigration_event SET status = 'PROCESSING', updated_at = now()
    WHERE id = ANY (ARRAY(SELECT event_id FROM claimed)) AND EXISTS (SELECT FROM counted)
      AND CASE WHEN status IN ('PENDING', 'PROCESSING') THEN true END
    RETURNING id, event_type, entity_type, coalesce((metadata ->> 'entity_id')::bigint, entity_id) AS record_id, action,
      previous_state, current_state, performed_by_id
  )
  SELECT c.event_id, c.due_at, (SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client') AS client_type,
    ${PAUSED_HANDLERS_HERE} AS paused_handlers, m.*
  FROM claimed c LEFT JOIN marked m ON m.id = c.event_id AND (SELECT count(*) FROM claimed) <= ${sql.lit(MOST_READ_AHEAD)}
  ORDER BY c.due_at, c.event_id`;

type ClaimRow = {
  event_id: number;
  due_at: string;
  client_type: number | null;
  paused_handlers: string[];
} & (ReferringEvent | { id: null });

/**
 * Claims events of a tenant for this worker, longest due first; none when the tenant must not be served, or another
 * worker serves it now.
 */
export async function claimEvents(
  database: Database,
  schema: string,
  portion: Portion,
): Promise<EventClaim[]> {
  const context = { schema, userId: null, ahead: leavingPauses(schema) };
  const rows = await database.tenantQuery(context, countClaims(schema, portion));
  return rows.map(({ event_id, due_at, client_type, paused_handlers, ...event }) => ({
    id: event_id,
    dueAt: due_at,
    clientType: client_type,
    pausedHandlers: paused_handlers,
    event: event.id === null ? null : (event as ReferringEvent),
  }));
}

/**
 * Returns the statement that waits until no worker has claimed events of the tenant, and keeps it so until the
 * transaction ends.
 */
export function lockTenant(schema: string): Statement {
  return sql`SELECT pg_advisory_xact_lock(${tenantLock(schema)})`;
}

// Reads each event by its id, whatever the planner expects: it cannot know how many rows the function returns, and the
// statistics of a table that fills quickly are those of an empty one.
const takenEvents = (ids: readonly number[]) => sql<TakenEventRow>`
  SELECT q.event_id, q.claims, ${EVENT_COLUMNS},
    (SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client') AS client_type
  FROM public.take_events(${ids}) q
  LEFT JOIN LATERAL (SELECT * FROM immigration_event WHERE id = q.event_id OFFSET 0) e ON true
  ORDER BY q.event_id`;

type TakenEventRow = { event_id: number; claims: number; client_type: number | null } & (
  | DomainEvent
  | { id: null }
);

/**
 * Reads claimed events in the transaction that handles them, and locks those that still exist and are due. No other
 * worker serves the tenant until the transaction ends.
 */
export async function takeEvents(
  transaction: TenantTransaction,
  schema: string,
  ids: readonly number[],
): Promise<Claimed> {
  transaction.send(lockTenant(schema));
  const rows = await transaction.query(takenEvents(ids));
  return {
    clientType: rows[0]?.client_type ?? null,
    events: rows.map(({ event_id, claims, client_type, ...event }) => ({
      id: event_id,
      claims,
      event: event.id === null ? null : (event as DomainEvent),
    })),
  };
}

/** Returns the statement that removes events from the queue. */
export function finishEvents(ids: readonly number[]): Statement {
  return sql`SELECT public.finish_events(${ids}::bigint[])`;
}

/**
 * Returns the statement that keeps failed events in the queue until the admins can be notified, each for its number of
 * seconds.
 */
export function awaitAlerts(alerts: readonly Delay[]): Statement {
  return sql`
    SELECT public.await_alert(a.id, a.seconds) FROM ${unnested(alerts)} AS a (id, seconds)`;
}

/** Returns the statement that delays events, each by its number of seconds, and resets their number of claims. */
export function delayEvents(delays: readonly Delay[]): Statement {
  return sql`
    SELECT public.delay_event(d.id, d.seconds) FROM ${unnested(delays)} AS d (id, seconds)`;
}

interface Delay {
  readonly id: number;
  readonly seconds: number;
}

function unnested(delays: readonly Delay[]): Sql {
  const ids = delays.map(({ id }) => id);
  return sql`unnest(${ids}::bigint[], ${delays.map(({ seconds }) => seconds)}::float8[])`;
}

/** Maximum delay of events that became due earlier, such as those of a slow transaction, in milliseconds. */
const KEPT_MS = 1_000;
/** Interval at which a busy tenant's events that must be handled alone come first. */
const ALONE_EVERY_MS = 1_000;
/** Maximum number of tenants whose positions are kept. */
const MOST_CURSORS = 10_000;

/**
 * The positions from which the queues of busy tenants are read. The index entry of a finished event stays until VACUUM
 * removes it, and skipping a minute's worth of them for each batch would cost more than the work itself.
 */
export class EventCursors {
  readonly #cursors = new Map<string, { readonly since: string; readonly until: number }>();

  readonly #busy = new Map<string, { readonly since: number; readonly until: number }>();

  /**
   * Returns whether events that must be handled alone come first in this turn, as happens at intervals for a busy
   * tenant.
   */
  isTimeForAlone(schema: string): boolean {
    const now = performance.now();
    const { since, until } = this.#busy.get(schema) ?? { since: now, until: now };
    const isBusy = now - until < ALONE_EVERY_MS;
    const isTime = isBusy && now - since >= ALONE_EVERY_MS;
    if (this.#busy.size >= MOST_CURSORS) this.#busy.clear();
    this.#busy.set(schema, { since: isBusy && !isTime ? since : now, until: now });
    return isTime;
  }

  /** Returns the time from which to look for due events; null for the beginning. */
  of(schema: string): string | null {
    const cursor = this.#cursors.get(schema);
    if (cursor && performance.now() < cursor.until) return cursor.since;
    this.#cursors.delete(schema);
    return null;
  }

  /** Updates the position after a claim. */
  note(schema: string, { most, since }: Portion, claims: readonly EventClaim[]): void {
    const first = claims[0];
    if (!first || claims.length < most) {
      this.#cursors.delete(schema);
      return;
    }
    if (this.#cursors.size >= MOST_CURSORS) this.#cursors.clear();
    const until =
      (since === null ? undefined : this.#cursors.get(schema)?.until) ?? performance.now() + KEPT_MS;
    this.#cursors.set(schema, { since: first.dueAt, until });
  }
}
