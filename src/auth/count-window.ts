import { type Sql, sql } from '../database/sql.js';

/** Seconds by which a window may have begun in the future: transactions at the same moment have different times. */
const SLACK = sql.lit(60);

/**
 * Returns the condition that a count's window is not over. One that begins in the future is from before the database's
 * clock was set back: it is over, or it would last longer by as much.
 * @param began when the window began
 * @param lasts how long a window lasts, as an interval
 */
export function isInWindow(began: Sql, lasts: Sql): Sql<boolean> {
  return sql<boolean>`${began} > now() - ${lasts} AND ${began} <= now() + make_interval(secs => ${SLACK})`;
}
