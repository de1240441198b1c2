import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { Span, TenantTime } from '../shared/tenant-time.js';
import type { CollegeDashboard } from './schemas.js';
import { IN_FINAL_STAGE, inScope } from './selectors.js';

const SPANS: readonly string[] = ['today', 'this_week', 'this_month'] satisfies Span[];

/**
 * What an agency wants to know of the college applications in scope at a glance.
 * @param filter since when intakes count: one of the spans; anything else: all
 */
export async function collegeDashboard(
  transaction: TenantTransaction,
  user: CurrentUser,
  filter: string | undefined,
  time: TenantTime,
): Promise<CollegeDashboard> {
  const span = SPANS.includes(filter ?? '') ? (filter as Span) : null;
  const since = span === null ? sql`true` : sql`i.intake_date >= ${time.period(span).firstDate}::date`;
  const scoped = sql`immigration_collegeapplication r WHERE ${inScope(user)}`;
  const [[totals], intakes, types, institutes, recent] = await Promise.all([
    transaction.query(sql<{ total: number; unassigned: number }>`
      SELECT count(*) AS total, count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned FROM ${scoped}`),
    transaction.query(sql<CollegeDashboard['intake_breakdown'][number]>`
      SELECT i.intake_date AS start_date__intake_date, sum(reached.count)::bigint AS count
      FROM (SELECT r.start_date_id, count(*) AS count FROM ${scoped} AND ${IN_FINAL_STAGE}
            GROUP BY r.start_date_id) reached
      JOIN immigration_institute_intake i ON i.id = reached.start_date_id
      WHERE ${since} GROUP BY i.intake_date ORDER BY i.intake_date`),
    transaction.query(sql<CollegeDashboard['application_type_breakdown'][number]>`
      SELECT t.id AS application_type__id, t.title AS application_type__title, used.count
      FROM (SELECT r.application_type_id, count(*) AS count FROM ${scoped} GROUP BY r.application_type_id) used
      JOIN immigration_applicationtype t ON t.id = used.application_type_id
      ORDER BY used.count DESC, t.title, t.id LIMIT 5`),
    transaction.query(sql<CollegeDashboard['institute_breakdown'][number]>`
      SELECT i.id AS institute__id, i.name AS institute__name, used.count
      FROM (SELECT r.institute_id, count(*) AS count FROM ${scoped} GROUP BY r.institute_id) used
      JOIN immigration_institute i ON i.id = used.institute_id
      ORDER BY used.count DESC, i.name, i.id LIMIT 5`),
    transaction.last(sql<CollegeDashboard['recent_applications'][number]>`
      SELECT r.id, c.first_name AS client__first_name, c.last_name AS client__last_name, i.name AS institute__name,
             o.name AS course__name, s.stage_name AS stage__stage_name,
             d.intake_date AS start_date__intake_date, r.created_at
      FROM (SELECT * FROM ${scoped} ORDER BY r.created_at DESC, r.id DESC LIMIT 10) r
      JOIN immigration_client c ON c.id = r.client_id
      JOIN immigration_institute i ON i.id = r.institute_id
      JOIN immigration_course o ON o.id = r.course_id
      JOIN immigration_stage s ON s.id = r.stage_id
      JOIN immigration_institute_intake d ON d.id = r.start_date_id
      ORDER BY r.created_at DESC, r.id DESC`),
  ]);
  return {
    total_applications: totals?.total ?? 0,
    final_stage_count: intakes.reduce((total, { count }) => total + count, 0),
    time_filter: span ?? 'all',
    intake_breakdown: intakes.slice(0, MOST_INTAKES),
    application_type_breakdown: types,
    institute_breakdown: institutes,
    recent_applications: recent,
    pending_assignments: totals?.unassigned ?? 0,
  };
}

const MOST_INTAKES = 10;
