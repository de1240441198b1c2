import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { columnsOf, lookup, select } from '../shared/columns.js';
import { IN_FINAL_STAGE } from '../shared/expiring.js';
import type { Span, TenantTime } from '../shared/tenant-time.js';
import { type CollegeDashboard, RecentCollegeApplication } from './schemas.js';
import { inScope } from './selectors.js';

const SPANS: readonly string[] = ['today', 'this_week', 'this_month'] satisfies Span[];

const RECENT = columnsOf('immigration_collegeapplication', RecentCollegeApplication, {
  client__first_name: lookup('client_id', 'immigration_client', 'first_name'),
  client__last_name: lookup('client_id', 'immigration_client', 'last_name'),
  institute__name: lookup('institute_id', 'immigration_institute', 'name'),
  course__name: lookup('course_id', 'immigration_course', 'name'),
  stage__stage_name: lookup('stage_id', 'immigration_stage', 'stage_name'),
  start_date__intake_date: lookup('start_date_id', 'immigration_institute_intake', 'intake_date'),
});

/**
 * Returns an overview of the college applications in scope.
 * @param filter one of the spans since when intakes count; anything else: all
 */
export function collegeDashboard(
  transaction: TenantTransaction,
  user: CurrentUser,
  filter: string | undefined,
  time: TenantTime,
): Pending<CollegeDashboard> {
  const span = SPANS.includes(filter ?? '') ? (filter as Span) : null;
  const since = span === null ? sql`true` : sql`i.intake_date >= ${time.period(span).firstDate}::date`;
  const scoped = sql`immigration_collegeapplication r WHERE ${inScope(user)}`;
  // Evaluating the scope is the most expensive part of all counts, so it is done once.
  const counting = transaction.send(sql<Counted>`
      WITH seen AS MATERIALIZED (
        SELECT r.application_type_id, r.institute_id, r.stage_id, r.start_date_id, r.assigned_to_id FROM ${scoped}
      )
      SELECT 'all' AS what, 1 AS place, NULL::bigint AS id, NULL::text AS name, NULL::date AS day, count(*) AS count,
             count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned
      FROM seen r
      UNION ALL
      SELECT 'intake', row_number() OVER (ORDER BY i.intake_date), NULL, NULL, i.intake_date,
             sum(reached.count)::bigint, 0
      FROM (SELECT r.start_date_id, count(*) AS count FROM seen r WHERE ${IN_FINAL_STAGE}
            GROUP BY r.start_date_id) reached
      JOIN immigration_institute_intake i ON i.id = reached.start_date_id
      WHERE ${since} GROUP BY i.intake_date
      UNION ALL (${mostUsed('type', 'application_type_id', 'immigration_applicationtype', 'title')})
      UNION ALL (${mostUsed('institute', 'institute_id', 'immigration_institute', 'name')})`);
  const newest = sql`FROM ${scoped} ORDER BY r.created_at DESC, r.id DESC LIMIT 10`;
  const recent = transaction.send(select(RECENT, newest));
  return counting.and(recent).map(([counts, applications]) => dashboard(counts, applications, span));
}

function dashboard(
  counts: readonly Counted[],
  recent: CollegeDashboard['recent_applications'],
  span: Span | null,
): CollegeDashboard {
  const of = (what: Counted['what']) =>
    counts.filter((row) => row.what === what).sort((a, b) => a.place - b.place);
  const [totals] = of('all');
  const intakes = of('intake').map(({ day, count }) => ({ start_date__intake_date: day as string, count }));
  return {
    total_applications: totals?.count ?? 0,
    final_stage_count: intakes.reduce((total, { count }) => total + count, 0),
    time_filter: span ?? 'all',
    intake_breakdown: intakes.slice(0, MOST_INTAKES),
    application_type_breakdown: of('type').map(({ id, name, count }) => ({
      application_type__id: id as number,
      application_type__title: name as string,
      count,
    })),
    institute_breakdown: of('institute').map(({ id, name, count }) => ({
      institute__id: id as number,
      institute__name: name as string,
      count,
    })),
    recent_applications: recent,
    pending_assignments: totals?.unassigned ?? 0,
  };
}

const MOST_INTAKES = 10;

/** A row of the counts; `what` determines its columns. */
interface Counted {
  readonly what: 'all' | 'intake' | 'type' | 'institute';
  /** Its order within its kind. */
  readonly place: number;
  readonly id: number | null;
  readonly name: string | null;
  readonly day: string | null;
  readonly count: number;
  readonly unassigned: number;
}

/** Returns the five most frequent values in `seen`. All arguments are constants of the program. */
function mostUsed(what: Counted['what'], column: string, table: string, name: string) {
  const order = sql`used.count DESC, t.${sql.ref(name)}, t.id`;
  return sql`
    SELECT ${what}::text, row_number() OVER (ORDER BY ${order}), t.id, t.${sql.ref(name)}, NULL, used.count, 0
    FROM (SELECT r.${sql.ref(column)} AS id, count(*) AS count FROM seen r GROUP BY 1) used
    JOIN ${sql.ref(table)} t ON t.id = used.id
    ORDER BY ${order} LIMIT 5`;
}
