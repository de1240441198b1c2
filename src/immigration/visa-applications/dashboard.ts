import type { CurrentUser } from '../../auth/current-user.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { columnsOf, lookup, select } from '../shared/columns.js';
import { dateIn, momentIn, type Span, type TenantTime } from '../shared/tenant-time.js';
import { RecentVisaApplication, type Status, VISA_STATUSES, type VisaDashboard } from './schemas.js';
import { inScope } from './selectors.js';

const SPANS: readonly Span[] = ['today', 'this_week', 'this_month'];

const ofSpans = (each: (of: 'created' | 'granted', span: Span) => Sql) =>
  sql.join(SPANS.flatMap((span) => [each('created', span), each('granted', span)]));

type Counts = Record<`created_${Span}` | `granted_${Span}` | 'count' | 'unassigned', number> & {
  /** Null for the visa type that follows. */
  readonly status: string | null;
  readonly place: number;
  readonly type: number | null;
  readonly name: string | null;
};

const RECENT = columnsOf('immigration_visaapplication', RecentVisaApplication, {
  client__first_name: lookup('client_id', 'immigration_client', 'first_name'),
  client__last_name: lookup('client_id', 'immigration_client', 'last_name'),
  visa_type__name: lookup('visa_type_id', 'immigration_visatype', 'name'),
});

/**
 * Returns an overview of the applications in scope.
 * @param time the tenant's, which determines when today, this week and this month begin
 */
export function visaDashboard(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
): Pending<VisaDashboard> {
  const counted = ofSpans((of, span) => {
    const period = time.period(span);
    return of === 'created'
      ? sql`count(*) FILTER (WHERE ${momentIn('r.created_at', period)}) AS ${sql.ref(`created_${span}`)}`
      : sql`count(*) FILTER (WHERE r.status = 'GRANTED' AND ${dateIn('r.date_granted', period)})
          AS ${sql.ref(`granted_${span}`)}`;
  });
  const sums = ofSpans((of, span) => {
    const column = sql.ref(`${of}_${span}`);
    return sql`sum(${column})::bigint AS ${column}`;
  });
  const none = ofSpans(() => sql`0`);
  // Evaluating the scope is the most expensive part of all counts, so it is done once.
  const counting = transaction.send(sql<Counts>`
      WITH counted AS MATERIALIZED (
        SELECT r.status, r.visa_type_id, count(*) AS count,
               count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned, ${counted}
        FROM immigration_visaapplication r WHERE ${inScope(user)} GROUP BY r.status, r.visa_type_id
      )
      SELECT status, 0 AS place, NULL::bigint AS type, NULL::text AS name, sum(count)::bigint AS count,
             sum(unassigned)::bigint AS unassigned, ${sums}
      FROM counted GROUP BY status
      UNION ALL (
        SELECT NULL, row_number() OVER (ORDER BY used.count DESC, t.name, t.id), t.id, t.name, used.count, 0, ${none}
        FROM (SELECT visa_type_id, sum(count)::bigint AS count FROM counted GROUP BY visa_type_id) used
        JOIN immigration_visatype t ON t.id = used.visa_type_id
        ORDER BY used.count DESC, t.name, t.id LIMIT 5)`);
  const newest = sql`WHERE ${inScope(user)} ORDER BY r.created_at DESC, r.id DESC LIMIT 5`;
  const recent = transaction.send(select(RECENT, sql`FROM immigration_visaapplication r ${newest}`));
  return counting.and(recent).map(([counts, applications]) => dashboard(counts, applications));
}

function dashboard(rows: readonly Counts[], recent: VisaDashboard['recent_applications']): VisaDashboard {
  const statuses = rows.filter(({ status }) => status !== null);
  const types = rows.filter(({ status }) => status === null).sort((a, b) => a.place - b.place);
  const sum = (column: `created_${Span}` | `granted_${Span}` | 'count' | 'unassigned') =>
    statuses.reduce((total, row) => total + row[column], 0);
  const spans = (of: 'created' | 'granted') => ({
    today: sum(`${of}_today`),
    this_week: sum(`${of}_this_week`),
    this_month: sum(`${of}_this_month`),
  });
  const perStatus = new Map(statuses.map(({ status, count }) => [status, count]));
  const counts = VISA_STATUSES.map((status) => [status, perStatus.get(status) ?? 0] as const);
  const total = sum('count');
  return {
    total_applications: total,
    // A front end that shows the answer of status-counts reads its TOTAL here too.
    status_breakdown: { ...(Object.fromEntries(counts) as Record<Status, number>), TOTAL: total },
    time_based_counts: spans('created'),
    granted_counts: spans('granted'),
    visa_type_breakdown: types.map(({ type, name, count }) => ({
      visa_type__name: name as string,
      visa_type__id: type as number,
      count,
    })),
    recent_applications: recent,
    pending_assignments: sum('unassigned'),
  };
}
