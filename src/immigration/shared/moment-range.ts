import { type Sql, sql } from '../../database/sql.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { TenantTime } from './tenant-time.js';

// No record is outside these years, and not all years beyond can be written as moments.
const EARLIEST = '1900-01-01';
const LATEST = '2999-12-31';
const DAY = 86_400_000;
const BARE_DATE = /^\d{4}-\d{1,2}-\d{1,2}$/;

/** A range of time, in UTC: from its first moment up to, but without, `end`. Undefined means no limit. */
export interface MomentRange {
  readonly from: string | undefined;
  readonly end: string | undefined;
}

/**
 * Returns the moment at which a date begins at the tenant, in UTC, for any date that a request can name.
 * @param days number of days to add: 1 gives the end of a day
 */
export function startOfDay(time: TenantTime, date: string, days = 0): string {
  const within = date < EARLIEST ? EARLIEST : date > LATEST ? LATEST : date;
  return time.startOf(new Date(Date.parse(within) + days * DAY).toISOString().slice(0, 10));
}

/**
 * Parses two query parameters as a range of time. A moment is taken as it is; a bare date means that whole day in the
 * tenant's time zone, so the range includes the last day.
 * @throws HttpError 400 naming the invalid parameter
 */
export function readMomentRange(
  query: QueryParameters,
  time: TenantTime,
  names: { readonly from: string; readonly to: string },
): MomentRange {
  const read = (name: string, days: number) => {
    if (!BARE_DATE.test(query.text(name) ?? '')) return query.datetime(name);
    return startOfDay(time, query.date(name) as string, days);
  };
  return { from: read(names.from, 0), end: read(names.to, 1) };
}

/** Returns the condition that the moment in this column (a constant of the program) lies in the range. */
export function momentInRange(column: string, { from, end }: MomentRange): Sql<boolean> | undefined {
  if (from === undefined && end === undefined) return undefined;
  const since = from === undefined ? sql`true` : sql`${sql.ref(column)} >= ${from}::timestamptz`;
  const until = end === undefined ? sql`true` : sql`${sql.ref(column)} < ${end}::timestamptz`;
  return sql`(${since} AND ${until})`;
}
