import { type Sql, sql } from '../../database/sql.js';

/** Number of claims without an outcome after which a part is given up: it may be what kills its worker. */
export const MOST_CLAIMS = 5;
/** Seconds after which an import that failed is tried again at the latest. */
const LONGEST_WAIT_S = 2 ** (MOST_CLAIMS + 1);

/**
 * Returns the condition that an import's time has come. One that is further ahead than an import can be put off counts, too:
 * the clock was set back since.
 */
export function isDue(dueAt: Sql): Sql<boolean> {
  return sql`(${dueAt} <= now() OR ${dueAt} > now() + make_interval(secs => ${sql.lit(LONGEST_WAIT_S)}))`;
}
