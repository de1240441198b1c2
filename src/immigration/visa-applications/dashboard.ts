import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { dateIn, momentIn, type Span, type TenantTime } from '../shared/tenant-time.js';
import { STATUSES, type Status, type VisaDashboard } from './schemas.js';
import { inScope } from './selectors.js';

const SPANS: readonly Span[] = ['today', 'this_week', 'this_month'];

type Counts = Record<`created_${Span}` | `granted_${Span}` | 'count' | 'unassigned', number> & {
  readonly status: string;
};

/**
 * What an agency wants to know of the applications in scope at a glance.
 * @param time the tenant's, which says when today, this week and this month begin
 */
export async function visaDashboard(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
): Promise<VisaDashboard> {
  const inSpans = SPANS.map((span) => {
    const period = time.period(span);
    return sql`
      count(*) FILTER (WHERE ${momentIn('r.created_at', period)}) AS ${sql.ref(`created_${span}`)},
      count(*) FILTER (WHERE r.status = 'GRANTED' AND ${dateIn('r.date_granted', period)})
        AS ${sql.ref(`granted_${span}`)}`;
  });
  const [statuses, types, recent] = await Promise.all([
    transaction.query(sql<Counts>`
      SELECT r.status, count(*) AS count, count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned,
             ${sql.join(inSpans)}
      FROM immigration_visaapplication r WHERE ${inScope(user)} GROUP BY r.status`),
    transaction.query(sql<VisaDashboard['visa_type_breakdown'][number]>`
      SELECT t.name AS visa_type__name, t.id AS visa_type__id, used.count
      FROM (SELECT r.visa_type_id, count(*) AS count FROM immigration_visaapplication r
            WHERE ${inScope(user)} GROUP BY r.visa_type_id) used
      JOIN immigration_visatype t ON t.id = used.visa_type_id
      ORDER BY used.count DESC, t.name, t.id LIMIT 5`),
    transaction.last(sql<VisaDashboard['recent_applications'][number]>`
      SELECT r.id, c.first_name AS client__first_name, c.last_name AS client__last_name, t.name AS visa_type__name,
             r.status, r.created_at
      FROM (SELECT * FROM immigration_visaapplication r WHERE ${inScope(user)}
            ORDER BY r.created_at DESC, r.id DESC LIMIT 5) r
      JOIN immigration_client c ON c.id = r.client_id JOIN immigration_visatype t ON t.id = r.visa_type_id
      ORDER BY r.created_at DESC, r.id DESC`),
  ]);
  const sum = (column: Exclude<keyof Counts, 'status'>) =>
    statuses.reduce((total, row) => total + row[column], 0);
  const spans = (of: 'created' | 'granted') => ({
    today: sum(`${of}_today`),
    this_week: sum(`${of}_this_week`),
    this_month: sum(`${of}_this_month`),
  });
  const counted = new Map(statuses.map(({ status, count }) => [status, count]));
  return {
    total_applications: sum('count'),
    status_breakdown: Object.fromEntries(
      STATUSES.map((status) => [status, counted.get(status) ?? 0]),
    ) as Record<Status, number>,
    time_based_counts: spans('created'),
    granted_counts: spans('granted'),
    visa_type_breakdown: types,
    recent_applications: recent,
    pending_assignments: sum('unassigned'),
  };
}
