import type { CurrentUser } from '../../auth/current-user.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { EXPIRING } from '../shared/expiring.js';
import { manyLinkedInScope } from '../shared/linked-record.js';
import { taskVisible } from '../shared/task-visibility.js';
import type { TenantTime } from '../shared/tenant-time.js';
import type { DeadlineWindow } from './filters.js';

// Queries for deadlines. All of them yield: kind, record_id, client_id (of its client, null for none), due_date,
// due_at, is_overdue, and as far as the record has its own: assigned_to_id, branch_id.

/** The parameters of a query. */
export interface Asked {
  readonly user: CurrentUser;
  readonly window: DeadlineWindow;
  readonly time: TenantTime;
}

type Source = (asked: Asked) => Sql;

/** Returns the requested halves of the list, split at what is overdue. */
function half(overdue: boolean | undefined, isOverdue: Sql<boolean>): Sql<boolean> | undefined {
  return overdue === undefined ? undefined : overdue ? isOverdue : sql`NOT ${isOverdue}`;
}

/** Returns passports, visas and intakes. What has only a date is overdue from the next day on. */
const expiring: Source = ({ window, time }) => {
  const isOverdue = sql<boolean>`(x.due_date < ${time.today}::date)`;
  const asked = allOf([
    sql`x.kind = ANY (${window.kinds}::text[])`,
    sql`x.due_date <= ${window.lastDate}::date`,
    half(window.overdue, isOverdue),
  ]);
  return sql`
    SELECT x.kind, x.id AS record_id, x.client_id, x.due_date, NULL::timestamptz AS due_at, ${isOverdue} AS is_overdue,
           x.assigned_to_id, NULL::bigint AS branch_id
    FROM (${EXPIRING}) x WHERE ${asked}`;
};

/** Tables of records that belong to a client by their `client_id`, by the model of their content type. */
const OF_CLIENTS = {
  visaapplication: 'immigration_visaapplication',
  collegeapplication: 'immigration_collegeapplication',
  proficiency: 'immigration_proficiency',
  qualification: 'immigration_qualification',
  employment: 'immigration_employment',
  note: 'immigration_note',
} as const;

const contentType = (model: string) => sql`(
  SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = ${model})`;

/** SQL for the client of a row `r` with a link: the linked record itself, or its client. */
const LINKED_CLIENT = sql`CASE r.content_type_id
  WHEN ${contentType('client')} THEN r.object_id::bigint
  WHEN ${contentType('passport')} THEN r.object_id::bigint
  ${sql.join(
    Object.entries(OF_CLIENTS).map(
      ([model, table]) =>
        sql`WHEN ${contentType(model)} THEN (SELECT o.client_id FROM ${sql.ref(table)} o WHERE o.id = r.object_id)`,
    ),
    sql` `,
  )} END`;

/** Returns tasks that are neither completed nor cancelled and that the user sees. */
const tasks: Source = ({ user, window, time }) => {
  const isOverdue = sql<boolean>`(r.due_date < ${time.now.toISOString()}::timestamptz)`;
  const asked = allOf([
    sql`r.status IN ('PENDING', 'IN_PROGRESS', 'OVERDUE')`,
    sql`r.due_date < ${window.end}::timestamptz`,
    half(window.overdue, isOverdue),
    taskVisible(user),
  ]);
  return sql`
    SELECT 'TASK'::text AS kind, r.id AS record_id, ${LINKED_CLIENT} AS client_id,
           (r.due_date AT TIME ZONE ${time.zone}::text)::date AS due_date,
           r.due_date AS due_at, ${isOverdue} AS is_overdue, r.assigned_to_id, r.branch_id
    FROM immigration_task r WHERE ${asked}`;
};

/**
 * Returns open reminders with a date: one's own and those on records in scope. A repeated time counts as the second, as
 * for the scheduler; without a time they are due the whole day.
 */
const reminders: Source = ({ user, window, time }) => {
  const dueAt = sql`((r.reminder_date + r.reminder_time) AT TIME ZONE ${time.zone}::text)`;
  const isOverdue = sql<boolean>`coalesce(
    ${dueAt} < ${time.now.toISOString()}::timestamptz, r.reminder_date < ${time.today}::date)`;
  const asked = allOf([
    sql`NOT r.is_completed`,
    sql`r.reminder_date <= ${window.lastDate}::date`,
    half(window.overdue, isOverdue),
    sql`(r.created_by_id = ${user.id}::bigint OR ${manyLinkedInScope(user)})`,
  ]);
  return sql`
    SELECT 'REMINDER'::text AS kind, r.id AS record_id, ${LINKED_CLIENT} AS client_id, r.reminder_date AS due_date,
           ${dueAt} AS due_at, ${isOverdue} AS is_overdue, r.created_by_id AS assigned_to_id, NULL::bigint AS branch_id
    FROM immigration_reminder r WHERE ${asked}`;
};

/** Returns the queries for the requested kinds; none where there are none. */
export function sourcesOf(asked: Asked): Sql[] {
  const wanted = (...kinds: readonly string[]) => asked.window.kinds.some((kind) => kinds.includes(kind));
  return [
    ...(wanted('PASSPORT', 'VISA', 'INTAKE') ? [expiring(asked)] : []),
    ...(wanted('TASK') ? [tasks(asked)] : []),
    ...(wanted('REMINDER') ? [reminders(asked)] : []),
  ];
}
