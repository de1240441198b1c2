import { type Sql, sql } from '../../database/sql.js';

/** Formats a time or an interval below a day as HH:MM:SS, with microseconds when they are not zero. */
export function clockOf(column: string): Sql<string> {
  const value = sql.ref(column);
  return sql`(to_char(${value}, 'HH24:MI:SS')
    || CASE to_char(${value}, 'US') WHEN '000000' THEN '' ELSE '.' || to_char(${value}, 'US') END)`;
}

/** Formats an interval, the difference between two moments, as `[days ]HH:MM:SS`, as the API writes durations. */
export function durationOf(column: string): Sql<string> {
  const days = sql`extract(day FROM ${sql.ref(column)})`;
  return sql`(CASE WHEN ${days} = 0 THEN '' ELSE ${days} || ' ' END || ${clockOf(column)})`;
}
