import { type RawBuilder, sql } from '../../database/queries.js';

/** HH:MM:SS of a time or an interval below a day, with microseconds when they are not zero. */
export function clockOf(column: string): RawBuilder<string> {
  const value = sql.ref(column);
  return sql`(to_char(${value}, 'HH24:MI:SS')
    || CASE to_char(${value}, 'US') WHEN '000000' THEN '' ELSE '.' || to_char(${value}, 'US') END)`;
}

/** `[days ]HH:MM:SS` of an interval that is the difference between two moments, as the API writes durations. */
export function durationOf(column: string): RawBuilder<string> {
  const days = sql`extract(day FROM ${sql.ref(column)})`;
  return sql`(CASE WHEN ${days} = 0 THEN '' ELSE ${days} || ' ' END || ${clockOf(column)})`;
}
