import type { CurrentUser } from '../../auth/current-user.js';
import { branchInScope, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { Pending } from '../../database/pending.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { bySubquery, select, selection } from '../shared/columns.js';
import { TITLE_OF_ROW } from '../shared/expiring.js';
import { idFilter } from '../shared/filters.js';
import { foundPage } from '../shared/found-page.js';
import { clientName, named } from '../shared/names.js';
import type { TenantTime } from '../shared/tenant-time.js';
import { readWindow } from './filters.js';
import type { DeadlineKind, DeadlineOutput } from './schemas.js';
import { sourcesOf } from './sources.js';

/** A deadline with its position in the list. */
type DeadlineRow = DeadlineOutput & { readonly id: number };

const TITLE = sql<string>`CASE r.kind
  WHEN 'TASK' THEN (SELECT title FROM immigration_task WHERE id = r.record_id)
  WHEN 'REMINDER' THEN (SELECT title FROM immigration_reminder WHERE id = r.record_id)
  ELSE ${TITLE_OF_ROW} END`;

const COLUMNS = {
  id: sql<number>`r.id`,
  kind: sql<DeadlineKind>`r.kind`,
  record_id: sql<number>`r.record_id`,
  client: sql<number | null>`r.client_id`,
  client_name: bySubquery(clientName('client_id')),
  title: TITLE,
  due_date: sql<string>`r.due_date`,
  due_at: sql<string | null>`r.due_at`,
  is_overdue: sql<boolean>`r.is_overdue`,
  assigned_to: sql<number | null>`r.assigned_to_id`,
  assigned_to_name: bySubquery(named('person', 'assigned_to_id')),
  branch: sql<number | null>`r.branch_id`,
  branch_name: bySubquery(named('branch', 'branch_id')),
};

/**
 * Returns a page of what expires or falls due for the clients in scope, the earliest first; of one day, deadlines
 * without a time come last. They are found once and both counted and shown: one round trip.
 * @throws HttpError 400 for invalid filters
 */
export function listDeadlines(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
  time: TenantTime,
): Pending<PageOf<DeadlineOutput>> {
  const window = readWindow(query, user, time);
  const sources = sourcesOf({ user, window, time });
  if (sources.length === 0) return new Pending(() => ({ count: 0, items: [] }));

  const scope = scopeOf(user);
  const filters = allOf([
    sql`(c.id IS NOT NULL OR f.kind IN ('TASK', 'REMINDER'))`,
    idFilter(query, 'assigned_to', 'a.assigned_to_id'),
    idFilter(query, 'branch', 'a.branch_id'),
  ]);
  // A client out of scope adds no data to its records; only a task's own assignee counts.
  const found = sql`
    SELECT f.record_id AS id, f.kind, f.record_id, c.id AS client_id, f.due_date, f.due_at, f.is_overdue, a.*
    FROM (${sql.join(sources, sql` UNION ALL `)}) f
    LEFT JOIN immigration_client c ON c.id = f.client_id AND c.deleted_at IS NULL
      AND ${branchInScope(scope, 'c.branch_id')}
    CROSS JOIN LATERAL (SELECT
      coalesce(f.assigned_to_id, CASE WHEN f.kind <> 'TASK' THEN c.assigned_to_id END) AS assigned_to_id,
      coalesce(f.branch_id, c.branch_id) AS branch_id) a
    WHERE ${filters}`;
  const columns = selection<DeadlineRow>({
    ...COLUMNS,
    days_left: sql`r.due_date - ${time.today}::date`,
  });
  const from = (source: Sql) => select(columns, sql`FROM ${source} r`);
  const order = sql`r.due_date, r.due_at, r.kind COLLATE "C", r.record_id`;
  // Whether a reminder's record is in scope takes longer to plan than to evaluate.
  const plannedOnce = scope.kind !== 'tenant' && window.kinds.includes('REMINDER');
  return foundPage<DeadlineRow>(transaction, { from, found, order, plannedOnce }, page).map(
    ({ count, items }) => ({
      count,
      items: items.map(({ id: _, ...deadline }) => deadline),
    }),
  );
}
