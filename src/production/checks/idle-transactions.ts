import { listed } from '../../database/tenant-diagnosis.js';
import { type Line, ok, type ProductionCheck, unknown, warning } from '../check.js';

/** Age from which such transactions are reported, in seconds: the program ends its own after that. */
const AFTER_SECONDS = 60;

interface Facts {
  readonly idle: readonly string[];
  readonly prepared: readonly string[];
  /** The number of sessions whose state this role may not see. */
  readonly hidden: number;
}

const FACTS = `
  SELECT
    ARRAY(SELECT format('pid %s for %s s (user %s, %s)', pid, round(extract(epoch FROM clock_timestamp() - state_change)),
            usename, coalesce(nullif(application_name, ''), 'without a name'))
          FROM pg_catalog.pg_stat_activity
          WHERE state LIKE 'idle in transaction%' AND clock_timestamp() - state_change >= make_interval(secs => $1)
          ORDER BY state_change LIMIT 20) AS idle,
    ARRAY(SELECT format('%L of %s in %s for %s s', gid, owner, database, round(extract(epoch FROM clock_timestamp() - prepared)))
          FROM pg_catalog.pg_prepared_xacts WHERE clock_timestamp() - prepared >= make_interval(secs => $1)
          ORDER BY prepared LIMIT 20) AS prepared,
    (SELECT count(*)::integer FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL AND state IS NULL AND query LIKE '<insufficient%') AS hidden`;

/**
 * Checks that no session keeps a transaction open without using it, and that none was prepared and forgotten.
 * Transactions that are open for minutes, whatever they do, are the check `transactions`.
 */
export function idleTransactions(after = AFTER_SECONDS): ProductionCheck {
  return {
    name: 'idle transactions',
    async ask(client) {
      const { rows } = await client.query<Facts>(FACTS, [after]);
      const { idle, prepared, hidden } = rows[0]!;
      const lines: Line[] = [];
      if (idle.length > 0)
        lines.push(
          warning(
            `open and idle: ${listed(idle)}; they keep locks, and VACUUM from its work`,
            'find out whose they are, end them by SELECT pg_terminate_backend(pid), and set idle_in_transaction_session_timeout',
          ),
        );
      if (prepared.length > 0)
        lines.push(
          warning(
            `prepared and never finished: ${listed(prepared)}; the program prepares none`,
            "find out whose they are, and end them in their database by ROLLBACK PREPARED '…'",
          ),
        );
      if (hidden > 0)
        lines.push(
          unknown(
            `the state of ${hidden} sessions of other roles is hidden`,
            'as a superuser run, on PostgreSQL 16 and newer: GRANT pg_read_all_stats TO leopard_app WITH INHERIT TRUE, or whatever DB_USER is',
          ),
        );
      return lines.length > 0 ? lines : [ok('none is open and idle, none is prepared')];
    },
  };
}
