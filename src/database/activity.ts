import { type OldTransaction, oldTransactions } from './old-transactions.js';
import { type Sql, sql } from './sql.js';

/** A session that waits for a lock of another one. */
export interface LockWait {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly seconds: number | null;
  /** The sessions that hold it, or wait for it in front. */
  readonly blockedBy: readonly number[];
  /** The table, with its schema, where the lock is one of a table or its rows. */
  readonly table: string | null;
}

/** The work that waits of one tenant. */
export interface Waiting {
  readonly tenant: string;
  readonly events: number;
  /** Seconds since the oldest event was created; null without events. */
  readonly oldest: number | null;
  /** Webhooks and e-mails. */
  readonly deliveries: number;
}

const MOST = 10;
/** Minimum age of a transaction that is shown, in seconds. */
const LONG_FROM_SECONDS = 5;

/** Returns the query for the sessions of this database that wait for a lock, the longest first. */
export function lockWaits(): Sql<LockWait> {
  return sql`
    SELECT a.pid, coalesce(a.usename, '')::text AS "user", coalesce(a.application_name, '') AS application,
      extract(epoch FROM clock_timestamp() - l.waitstart)::float8 AS seconds,
      to_json(pg_catalog.pg_blocking_pids(a.pid)) AS "blockedBy",
      (SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.oid = coalesce(l.relation, (
         SELECT r.relation FROM pg_catalog.pg_locks r
         WHERE r.pid = a.pid AND r.locktype = 'tuple' LIMIT 1))) AS "table"
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database()
    ORDER BY l.waitstart LIMIT ${MOST}`;
}

/** Returns the query for the transactions that have been open for some seconds, the longest first. */
export function longTransactions(): Sql<OldTransaction> {
  return oldTransactions(LONG_FROM_SECONDS);
}

/** Returns the query for what waits, for the tenants with the longest queues. */
export function waitingByTenant(): Sql<Waiting> {
  return sql`
    SELECT tenant, sum(events)::float8 AS events, max(oldest)::float8 AS oldest, sum(deliveries)::float8 AS deliveries
    FROM (
      SELECT schema_name AS tenant, depth AS events, extract(epoch FROM clock_timestamp() - oldest) AS oldest,
        0 AS deliveries
      FROM public.waiting_events()
      UNION ALL
      SELECT schema_name, 0, NULL, count(*) FROM public.delivery_queue GROUP BY schema_name
    ) q
    GROUP BY tenant ORDER BY sum(events) + sum(deliveries) DESC, tenant LIMIT ${MOST}`;
}
