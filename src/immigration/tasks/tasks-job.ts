import { type Sql, sql } from '../../database/sql.js';
import { ANNOUNCED, insertingNotifications } from '../../events/new-notifications.js';
import { type DueContext, dueJob } from '../../jobs/due-job.js';
import type { Job } from '../../jobs/job.js';
import { answerableUsers } from '../shared/responsible-users.js';

const OPEN = sql`t.status IN ('PENDING', 'IN_PROGRESS') AND t.assigned_to_id IS NOT NULL`;
const soon = (days: string) => sql`make_interval(days => ${days}::integer)`;

/** The users responsible for task `due`: its assignee or, if disabled, the user who assigned or created it. */
const ANSWERABLE = answerableUsers(
  [sql`due.assigned_to_id`, sql`due.assigned_by_id`, sql`due.created_by_id`],
  sql`SELECT branch_id FROM immigration_user_branches WHERE user_id = due.assigned_to_id`,
);

/** The notifications of the tasks `due` that were not `noticed` before. */
const MADE = insertingNotifications({
  type: sql`kind`,
  title: sql`CASE kind WHEN 'TASK_OVERDUE' THEN 'Task overdue' ELSE 'Task due soon' END`,
  message: sql`format('Task "%s" is %s%s', due.title, CASE kind WHEN 'TASK_OVERDUE' THEN 'overdue' ELSE 'due soon' END,
      (SELECT format('; %s, to whom it is assigned, is disabled', a.username) FROM immigration_user a
       WHERE a.id = due.assigned_to_id AND NOT a.is_active))`,
  dueDate: sql`due_date`,
  user: sql`who.id`,
  meta: sql`jsonb_build_object('task_id', due.id, 'priority', priority)`,
  from: sql`due JOIN noticed USING (kind) CROSS JOIN LATERAL ${ANSWERABLE} who WHERE task_id = due.id`,
  order: sql`due_date, due.id, who.id`,
});

/**
 * Returns the statement that notifies. Notifications are remembered by due date, so another date is noticed anew. A
 * task that is just being claimed or deleted is left for the next run, which that change itself triggers.
 */
const notify = ({ now, basis: days }: DueContext, limit: number | null): Sql<{ done: number }> => sql`
  WITH due AS MATERIALIZED (
    SELECT t.id, n.kind, t.title, t.priority, t.due_date, t.assigned_to_id, t.assigned_by_id, t.created_by_id
    FROM immigration_task t
    CROSS JOIN LATERAL (
      SELECT CASE WHEN t.due_date < ${now} THEN 'TASK_OVERDUE' ELSE 'TASK_DUE_SOON' END AS kind) n
    WHERE ${OPEN} AND t.due_date <= ${now} + ${soon(days)}
      AND NOT EXISTS (
        SELECT FROM task_notice o WHERE o.task_id = t.id AND o.kind = n.kind AND o.due_date = t.due_date)
    ORDER BY t.due_date, t.id
    LIMIT ${limit}
    FOR KEY SHARE OF t SKIP LOCKED
  ), noticed AS (
    INSERT INTO task_notice (task_id, kind, due_date) SELECT id, kind, due_date FROM due
    ON CONFLICT DO NOTHING
    RETURNING task_id, kind
  ), made AS (
    ${MADE}
  )
  SELECT count(*)::integer AS done, ${ANNOUNCED} FROM made`;

const next = ({ now, basis: days }: DueContext): Sql<string | null> => sql`
  SELECT least(
    (SELECT min(t.due_date) FROM immigration_task t WHERE ${OPEN} AND t.due_date >= ${now}),
    (SELECT min(t.due_date) FROM immigration_task t WHERE ${OPEN} AND t.due_date > ${now} + ${soon(days)}) - ${soon(days)})`;

/** The job that notifies of tasks that are due soon or overdue: once for each of the two per task and due date. */
export const tasksJob: Job = dueJob({
  name: 'tasks',
  summary: 'notify of tasks that are due soon or overdue',
  every: 30,
  basis: ({ tasksDueSoonDefaultDays }) => String(tasksDueSoonDefaultDays),
  usableBasis: (days) => days,
  doDue: notify,
  nextDue: next,
});
