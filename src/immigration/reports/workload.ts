import { Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { type Sql, sql } from '../../database/sql.js';
import { nullableSchema } from '../../http/fields/field.js';
import type { Model } from '../../kinds/kinds.js';
import { allows } from '../../routing/policy.js';
import { IN_FINAL_STAGE } from '../shared/expiring.js';
import { nameOutput, relatedOutput } from '../shared/output.js';
import { nameOf } from '../shared/people.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { taskVisible } from '../shared/task-visibility.js';
import { clientInReach, isOf, ownOnly } from './counted.js';
import type { Report, ReportRow } from './report.js';
import { momentCounts, type ReportQuery } from './report-query.js';

/** A kind of work. */
interface WorkKind {
  /** The model that the user must be permitted to view. */
  readonly model: Model;
  /** The columns: the condition on pieces `p` that each counts, and its description. */
  readonly figures: Readonly<Record<string, { readonly of: Sql<boolean>; readonly description: string }>>;
  /** Returns the query for branch_id, assigned_to_id and is_overdue of each piece. */
  pieces(query: ReportQuery): Sql;
}

/**
 * Returns the condition on the period, and that pieces are a consultant's own.
 * @param alias of the table with the pieces
 */
const asked = (alias: string, query: ReportQuery) => sql`
  ${momentCounts(`${alias}.created_at`, query.period)} AND ${ownOnly(query, `${alias}.assigned_to_id`)}`;

const all = (description: string) => ({ of: sql<boolean>`true`, description });

const WORK: readonly WorkKind[] = [
  {
    model: 'client',
    figures: { clients: all('not closed') },
    pieces: (query) => sql`
      SELECT c.branch_id, c.assigned_to_id, false AS is_overdue FROM immigration_client c
      WHERE c.stage <> 'CLOSE' AND ${clientInReach(query)} AND ${asked('c', query)}`,
  },
  {
    model: 'visaapplication',
    figures: { visa_applications: all('neither granted nor rejected nor withdrawn') },
    pieces: (query) => sql`
      SELECT c.branch_id, r.assigned_to_id, false AS is_overdue
      FROM immigration_visaapplication r JOIN immigration_client c ON c.id = r.client_id
      WHERE r.status NOT IN ('GRANTED', 'REJECTED', 'WITHDRAWN')
        AND ${clientInReach(query)} AND ${asked('r', query)}`,
  },
  {
    model: 'collegeapplication',
    figures: { college_applications: all('not in the last stage of their type') },
    pieces: (query) => sql`
      SELECT c.branch_id, r.assigned_to_id, false AS is_overdue
      FROM immigration_collegeapplication r JOIN immigration_client c ON c.id = r.client_id
      WHERE r.deleted_at IS NULL AND NOT ${IN_FINAL_STAGE}
        AND ${clientInReach(query)} AND ${asked('r', query)}`,
  },
  {
    model: 'task',
    figures: {
      tasks: all('neither completed nor cancelled'),
      overdue_tasks: { of: sql`p.is_overdue`, description: 'of these tasks' },
    },
    pieces: tasks,
  },
];
const NAMES = WORK.flatMap(({ figures }) => Object.keys(figures));

/** Returns the query for open tasks that the user sees, each with its own branch or its client's. */
function tasks(query: ReportQuery): Sql {
  const branch = sql`coalesce(r.branch_id, c.branch_id)`;
  return sql`
    SELECT ${branch} AS branch_id, r.assigned_to_id, r.due_date < ${query.now}::timestamptz AS is_overdue
    FROM immigration_task r
    LEFT JOIN django_content_type t ON t.id = r.content_type_id AND t.app_label = 'immigration'
    LEFT JOIN immigration_visaapplication v ON t.model = 'visaapplication' AND v.id = r.object_id
    LEFT JOIN immigration_collegeapplication o ON t.model = 'collegeapplication' AND o.id = r.object_id
    LEFT JOIN immigration_client c
      ON c.id = CASE t.model WHEN 'client' THEN r.object_id ELSE coalesce(v.client_id, o.client_id) END
    WHERE r.status NOT IN ('COMPLETED', 'CANCELLED') AND ${taskVisible(query.user)}
      AND ${query.branch === null ? sql`true` : isOf(branch, query.branch)} AND ${asked('r', query)}`;
}

const isSeen = (user: CurrentUser, { model }: WorkKind) => allows(modelPolicy(model).see, user);

/** The report on everybody's open work. */
export const workloadReport: Report = {
  name: 'workload',
  summary: 'What is open now, by branch and by whom it is assigned to; null: what one may not see.',
  period: 'when the client, application or task was entered',
  counts: [],
  columns: {
    branch: relatedOutput(),
    branch_name: nameOutput(),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput(),
    ...Object.fromEntries(
      WORK.flatMap(({ figures }) => Object.entries(figures)).map(([name, { description }]) => [
        name,
        nullableSchema(Type.Integer({ description })),
      ]),
    ),
  },
  sums: NAMES,
  hidden: (user) => WORK.filter((work) => !isSeen(user, work)).flatMap(({ figures }) => Object.keys(figures)),
  rows(query) {
    const seen = WORK.filter((work) => isSeen(query.user, work));
    const perWork = seen.map((work) => {
      const figures = NAMES.map((name) => {
        const of = work.figures[name]?.of;
        return sql`${of ? sql`count(*) FILTER (WHERE ${of})` : sql`0::bigint`} AS ${sql.ref(name)}`;
      });
      return sql`
        SELECT branch_id, assigned_to_id, ${sql.join(figures)}
        FROM (${work.pieces(query)}) p GROUP BY branch_id, assigned_to_id`;
    });
    const hidden = this.hidden?.(query.user) ?? [];
    const figures = NAMES.map((name) => {
      const sum = sql`sum(${sql.ref(name)})::bigint`;
      return sql`${hidden.includes(name) ? sql`NULL::bigint` : sum} AS ${sql.ref(name)}`;
    });
    return sql<ReportRow>`
      SELECT f.branch_id AS branch, b.name AS branch_name, f.assigned_to_id AS assigned_to,
             ${nameOf('f.assigned_to_id')} AS assigned_to_name, ${sql.join(NAMES.map((name) => sql.ref(`f.${name}`)))}
      FROM (
        SELECT branch_id, assigned_to_id, ${sql.join(figures)} FROM (${sql.join(perWork, sql` UNION ALL `)}) w
        GROUP BY branch_id, assigned_to_id
      ) f
      LEFT JOIN immigration_branch b ON b.id = f.branch_id
      ORDER BY b.name, f.branch_id, assigned_to_name, f.assigned_to_id`;
  },
};
