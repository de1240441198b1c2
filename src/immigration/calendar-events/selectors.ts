import type { CurrentUser } from '../../auth/current-user.js';
import { allOf, limited } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import { isAfter } from '../../http/fields/datetime.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest, PageSizes } from '../../routing/pagination.js';
import type { UserRequest } from '../../routing/route.js';
import { outOfScope } from '../shared/client-access.js';
import { durationOf } from '../shared/clock.js';
import { eventVisible } from '../shared/event-visibility.js';
import { idFilter, searchFilter } from '../shared/filters.js';
import { readMomentRange } from '../shared/moment-range.js';
import { named } from '../shared/names.js';
import { pageOf } from '../shared/page-of.js';
import { Records } from '../shared/records.js';
import { momentIn, TenantTime } from '../shared/tenant-time.js';
import { EventOutput } from './schemas.js';

const THING = 'Event';

/** The records of calendar events; `_name` of people is the username here. */
export const calendarEvents = new Records({
  table: 'immigration_calendar_event',
  output: EventOutput,
  columns: {
    duration: durationOf('r.duration'),
    duration_minutes: sql<number>`floor(extract(epoch FROM r."end" - r.start) / 60)::bigint`,
    assigned_to_name: named('username', 'assigned_to_id'),
    assigned_to_full_name: named('person', 'assigned_to_id'),
    branch_name: named('branch', 'branch_id'),
    created_by_name: named('username', 'created_by_id'),
    updated_by_name: named('username', 'updated_by_id'),
    is_past: sql<boolean>`r."end" <= now()`,
    is_ongoing: sql<boolean>`r.start <= now() AND r."end" > now()`,
    is_upcoming: sql<boolean>`r.start > now()`,
  },
});

/** Returns one event. @throws HttpError 404, 403 */
export function readEvent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Pending<EventOutput> {
  const finding = transaction.send(sql<EventOutput & { visible: boolean | null }>`
    SELECT e.*, v.visible
    FROM (SELECT r.id, ${eventVisible(user)} AS visible FROM immigration_calendar_event r WHERE r.id = ${id}::bigint) v
    JOIN LATERAL (${calendarEvents.select(sql`WHERE r.id = v.id`)}) e ON true`);
  return finding.map(([event]) => {
    if (!event) throw notFound(THING);
    if (event.visible !== true) throw outOfScope(user, 'event', id);
    return event;
  });
}

const LATEST_FIRST = sql`r.start DESC, r.id DESC`;
const EARLIEST_FIRST = sql`r.start, r.id`;
/** The names of the parameters for a calendar's range. */
const RANGE = { from: 'start_date', to: 'end_date' } as const;
/** Maximum number of events in a calendar's range that are returned on one page. */
const WHOLE_RANGE = 1_000;

/** Returns the page sizes of the list: a request with both ends of a range gets all of it on one page. */
export function eventPageSizes(query: QueryParameters): PageSizes | undefined {
  const asksForRange = query.text(RANGE.from) !== undefined && query.text(RANGE.to) !== undefined;
  return asksForRange ? { largest: WHOLE_RANGE, usual: WHOLE_RANGE } : undefined;
}

/**
 * Reads a page of the events that a user may see. With `start_date` or `end_date`: those that overlap the range, the
 * latest first, bare dates being whole days of the tenant; without either, upcoming events come first.
 */
export async function listEvents(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { query, tenant }: UserRequest,
): Promise<Pending<PageOf<EventOutput>>> {
  const { from, end } = readMomentRange(query, new TenantTime(tenant), RANGE);
  const asked = [
    from !== undefined && end !== undefined && touches(from, end),
    from !== undefined && sql`r."end" > ${from}::timestamptz`,
    end !== undefined && sql`r.start < ${end}::timestamptz`,
    idFilter(query, 'assigned_to', 'r.assigned_to_id'),
    idFilter(query, 'branch', 'r.branch_id'),
    searchFilter(query, 'r.title', 'r.description', 'r.location'),
  ];
  if (from !== undefined || end !== undefined)
    return await eventPage(transaction, user, asked, LATEST_FIRST, page);
  const condition = allOf([eventVisible(user), ...asked]);
  const rows = (size: number, skipped: number) =>
    sql<EventOutput>`${upcomingFirst(condition, skipped + size)} ${limited(size, skipped)}`;
  return await pageOf(transaction, calendarEvents.counting(condition), rows, page);
}

/**
 * Returns the query for the first events that meet a condition: current and upcoming ones, the earliest first, and then
 * past ones, the latest first. Each part follows an index and ends at the limit; sorting all at once would read the whole
 * table.
 */
function upcomingFirst(condition: Sql<boolean>, most: number): Sql<EventOutput> {
  const part = (over: boolean, which: Sql, order: Sql) => sql`(
    SELECT r.*, ${over}::boolean AS over FROM ${calendarEvents.table} r
    WHERE ${which} AND ${condition} ORDER BY ${order} LIMIT ${most})`;
  const now = sql`tstzrange(now(), now(), '[]')`;
  const parts = [
    part(false, sql`${SPAN} && ${now} AND r.start <= now() AND r."end" > now()`, EARLIEST_FIRST),
    part(false, sql`r.start > now()`, EARLIEST_FIRST),
    part(true, sql`r.start <= now() AND r."end" <= now()`, LATEST_FIRST),
  ];
  const upcoming = (column: string) => sql`CASE WHEN NOT r.over THEN ${sql.ref(column)} END`;
  return calendarEvents.from(
    sql`(${sql.join(parts, sql` UNION ALL `)})`,
    sql`ORDER BY r.over, ${upcoming('r.start')}, ${upcoming('r.id')}, ${LATEST_FIRST}`,
  );
}

/** The range of event `r`, as in the index: other writers may store an end before the start. */
const SPAN = sql`tstzrange(least(r.start, r."end"), greatest(r.start, r."end"), '[]')`;

/** Returns the condition, answered by an index, that event `r` touches a range; false if that ends before it begins. */
function touches(from: string, end: string): Sql<boolean> {
  if (!isAfter(end, from)) return sql`false`;
  return sql`${SPAN} && tstzrange(${from}::timestamptz, ${end}::timestamptz)`;
}

/** Returns a page of the events that a user sees and that take place, at least partly, today, the earliest first. */
export async function todaysEvents(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { tenant }: UserRequest,
): Promise<Pending<PageOf<EventOutput>>> {
  const { from, to } = new TenantTime(tenant).period('today');
  const today = sql`r.start < ${to}::timestamptz AND r."end" > ${from}::timestamptz`;
  return await eventPage(transaction, user, [today], EARLIEST_FIRST, page);
}

const UPCOMING_DAYS = 7;
/** Maximum number of days: beyond any event, and within the range of moments. */
const MOST_DAYS = 2_000_000;

/** Returns a page of the events that a user sees and that begin within this many days, the earliest first. */
export async function upcomingEvents(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { tenant, query }: UserRequest,
): Promise<Pending<PageOf<EventOutput>>> {
  const days = Math.max(0, Math.min(query.integer('days') ?? UPCOMING_DAYS, MOST_DAYS));
  const time = new TenantTime(tenant);
  const upcoming = momentIn('r.start', { from: time.now.toISOString(), to: time.daysAhead(days) });
  return await eventPage(transaction, user, [upcoming], EARLIEST_FIRST, page);
}

async function eventPage(
  transaction: TenantTransaction,
  user: CurrentUser,
  asked: readonly (Sql | undefined | false)[],
  order: Sql,
  page: PageRequest,
): Promise<Pending<PageOf<EventOutput>>> {
  const condition = allOf([eventVisible(user), ...asked]);
  return await calendarEvents.list(transaction, page, condition, order);
}
