import { ok, type Result, warning } from './finding.js';
import type { OwnerClient } from './owner.js';
import { type Sql, sql } from './sql.js';

/** A transaction that has been open for long. VACUUM cannot remove rows deleted or changed since it began. */
export interface OldTransaction {
  /** The server process; null for a prepared transaction, which has none. */
  readonly pid: number | null;
  readonly user: string;
  /** The application name of its session, or the name of a prepared transaction. */
  readonly application: string;
  /** Seconds since it began; null where this role may not see that of another role's session. */
  readonly seconds: number | null;
  /** The state of its session: `active`, `idle in transaction`, `prepared`; null where this role may not see that. */
  readonly state: string | null;
}

/** Minimum age of a transaction that is reported, in seconds. */
const OLD_AFTER_SECONDS = 300;
/** The same in transactions since then, where only that number is visible. */
const OLD_AFTER_TRANSACTIONS = 10_000;
const MOST = 5;

/** Returns the query for the oldest open transactions of this database. @param after their minimum age in seconds */
export function oldTransactions(after = OLD_AFTER_SECONDS): Sql<OldTransaction> {
  return sql`
    SELECT pid, "user", application, seconds, state FROM (
      SELECT a.pid, coalesce(a.usename, '')::text AS "user", coalesce(a.application_name, '') AS application,
        extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds, a.state,
        greatest(age(a.backend_xid), age(a.backend_xmin)) AS transactions
      FROM pg_catalog.pg_stat_activity a
      WHERE (a.datname = current_database() OR a.datname IS NULL) AND a.pid <> pg_backend_pid()
        AND a.backend_type <> 'autovacuum worker' AND (a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL)
      UNION ALL
      SELECT NULL, p.owner::text, p.gid, extract(epoch FROM clock_timestamp() - p.prepared)::float8, 'prepared',
        age(p.transaction)
      FROM pg_catalog.pg_prepared_xacts p WHERE p.database = current_database()
    ) open
    WHERE seconds >= ${after}::float8 OR (seconds IS NULL AND transactions >= ${OLD_AFTER_TRANSACTIONS}::integer)
    ORDER BY seconds DESC NULLS FIRST LIMIT ${MOST}`;
}

/** Describes a transaction in one line. */
export function inWords({ pid, user, application, seconds, state }: OldTransaction): string {
  const age = seconds === null ? 'for long' : `for ${Math.round(seconds)} s`;
  const whose = [user && `user ${user}`, application && `application ${application}`, state];
  return `${pid === null ? 'a prepared transaction' : `pid ${pid}`} ${age} (${whose.filter(Boolean).join(', ')})`;
}

/** Checks that no transaction has been open for long. @param client sees more if its role may read all statistics */
export async function examineTransactions(client: OwnerClient): Promise<Result> {
  const { sql, parameters } = oldTransactions();
  const { rows } = await client.query<OldTransaction>(sql, [...parameters]);
  if (rows.length === 0) return ok('none has been open for long');
  const [first] = rows;
  const end = first?.pid == null ? `ROLLBACK PREPARED '…'` : `SELECT pg_terminate_backend(${first.pid})`;
  return warning(
    `open ${rows.map(inWords).join('; ')}: deleted rows stay in the tables meanwhile and slow them down; find out who needs it, or end it: ${end}`,
  );
}
