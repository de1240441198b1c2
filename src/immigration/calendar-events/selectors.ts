import type { CurrentUser } from '../../auth/current-user.js';
import { allOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { PageOf, PageRequest } from '../../http/pagination.js';
import type { UserRequest } from '../../http/route.js';
import { outOfScope } from '../shared/client-access.js';
import { durationOf } from '../shared/clock.js';
import { eventVisible } from '../shared/event-visibility.js';
import { idFilter, searchFilter } from '../shared/filters.js';
import { pageOf } from '../shared/page-of.js';
import { nameOf, usernameOf } from '../shared/people.js';
import { Records } from '../shared/records.js';
import { momentIn, TenantTime } from '../shared/tenant-time.js';
import type { EventOutput } from './schemas.js';

const THING = 'Event';

/** Of a calendar's events; `_name` of people is the username here. */
export const calendarEvents = new Records({
  table: 'immigration_calendar_event',
  thing: THING,
  softDelete: false,
  columns: sql<EventOutput>`
    r.id, r.title, r.description, r.start, r."end",
    ${durationOf('r.duration')} AS duration,
    floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS duration_minutes,
    r.assigned_to_id AS assigned_to, ${usernameOf('r.assigned_to_id')} AS assigned_to_name,
    ${nameOf('r.assigned_to_id')} AS assigned_to_full_name,
    r.hex_color, r.location, r.all_day, r.branch_id AS branch, r.branch_id,
    (SELECT name FROM immigration_branch WHERE id = r.branch_id) AS branch_name,
    r.created_by_id AS created_by, ${usernameOf('r.created_by_id')} AS created_by_name, r.created_at,
    r.updated_by_id AS updated_by, ${usernameOf('r.updated_by_id')} AS updated_by_name, r.updated_at,
    r."end" <= now() AS is_past, r.start <= now() AND r."end" > now() AS is_ongoing, r.start > now() AS is_upcoming`,
});

/** One event. @throws HttpError 404, 403 */
export async function readEvent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<EventOutput> {
  const [event] = await transaction.last(sql<EventOutput & { visible: boolean | null }>`
    SELECT e.*, v.visible
    FROM (SELECT r.id, ${eventVisible(user)} AS visible FROM immigration_calendar_event r WHERE r.id = ${id}::bigint) v
    JOIN LATERAL (${calendarEvents.from()} WHERE r.id = v.id) e ON true`);
  if (!event) throw notFound(THING);
  if (event.visible !== true) throw outOfScope(user, 'event', id);
  return event;
}

const LATEST_FIRST = sql`r.start DESC, r.id DESC`;
const EARLIEST_FIRST = sql`r.start, r.id`;

/** A page of the events that a user sees, the latest first. `start_date` and `end_date`: what overlaps the time between. */
export async function listEvents(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { query }: UserRequest,
): Promise<PageOf<EventOutput>> {
  const [from, to] = [query.datetime('start_date'), query.datetime('end_date')];
  const asked = [
    from !== undefined && sql`r."end" > ${from}::timestamptz`,
    to !== undefined && sql`r.start < ${to}::timestamptz`,
    idFilter(query, 'assigned_to', 'r.assigned_to_id'),
    idFilter(query, 'branch', 'r.branch_id'),
    searchFilter(query, 'r.title', 'r.description', 'r.location'),
  ];
  return await eventPage(transaction, user, asked, LATEST_FIRST, page);
}

/** A page of the events that a user sees and that take place today, or partly so, the earliest first. */
export async function todaysEvents(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { tenant }: UserRequest,
): Promise<PageOf<EventOutput>> {
  const { from, to } = new TenantTime(tenant).period('today');
  const today = sql`r.start < ${to}::timestamptz AND r."end" > ${from}::timestamptz`;
  return await eventPage(transaction, user, [today], EARLIEST_FIRST, page);
}

const UPCOMING_DAYS = 7;
/** Beyond any event that there is, and short of where moments end. */
const MOST_DAYS = 2_000_000;

/** A page of the events that a user sees and that begin within so many days, the earliest first. */
export async function upcomingEvents(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { tenant, query }: UserRequest,
): Promise<PageOf<EventOutput>> {
  const days = Math.max(0, Math.min(query.integer('days') ?? UPCOMING_DAYS, MOST_DAYS));
  const time = new TenantTime(tenant);
  const upcoming = momentIn('r.start', { from: time.now.toISOString(), to: time.daysAhead(days) });
  return await eventPage(transaction, user, [upcoming], EARLIEST_FIRST, page);
}

async function eventPage(
  transaction: TenantTransaction,
  user: CurrentUser,
  asked: readonly (RawBuilder<unknown> | undefined | false)[],
  order: RawBuilder<unknown>,
  page: PageRequest,
): Promise<PageOf<EventOutput>> {
  const condition = allOf([eventVisible(user), ...asked]);
  const rows = sql<EventOutput>`${calendarEvents.from()} WHERE ${condition} ORDER BY ${order}`;
  return await pageOf(transaction, calendarEvents.counting(condition), rows, page);
}
