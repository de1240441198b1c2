import { dueJob, NOW } from '../../jobs/due-job.js';
import type { Job } from '../../jobs/job.js';
import { ANNOUNCED } from '../shared/announce.js';
import { answerableUsers } from '../shared/responsible-users.js';

const OPEN = `t.status IN ('PENDING', 'IN_PROGRESS') AND t.assigned_to_id IS NOT NULL`;
const DUE_SOON = 'make_interval(days => $2::integer)';

/** The users responsible for task `due`: its assignee or, if disabled, the user who assigned or created it. */
const ANSWERABLE = answerableUsers(
  ['due.assigned_to_id', 'due.assigned_by_id', 'due.created_by_id'],
  'SELECT branch_id FROM immigration_user_branches WHERE user_id = due.assigned_to_id',
);

/**
 * What was noticed is kept by due date, so another date is noticed anew. A task that is just being taken over or
 * deleted is left for the next look, which that change itself asks for.
 */
const NOTIFY = `
  WITH due AS MATERIALIZED (
    SELECT t.id, n.kind, t.title, t.priority, t.due_date, t.assigned_to_id, t.assigned_by_id, t.created_by_id
    FROM immigration_task t
    CROSS JOIN LATERAL (
      SELECT CASE WHEN t.due_date < ${NOW} THEN 'TASK_OVERDUE' ELSE 'TASK_DUE_SOON' END AS kind) n
    WHERE ${OPEN} AND t.due_date <= ${NOW} + ${DUE_SOON}
      AND NOT EXISTS (
        SELECT FROM task_notice o WHERE o.task_id = t.id AND o.kind = n.kind AND o.due_date = t.due_date)
    ORDER BY t.due_date, t.id
    LIMIT $3
    FOR KEY SHARE OF t SKIP LOCKED
  ), noticed AS (
    INSERT INTO task_notice (task_id, kind, due_date) SELECT id, kind, due_date FROM due
    ON CONFLICT DO NOTHING
    RETURNING task_id, kind
  ), made AS (
    INSERT INTO immigration_notification (notification_type, title, message, due_date, assigned_to_id, meta_info)
    SELECT kind, CASE kind WHEN 'TASK_OVERDUE' THEN 'Task overdue' ELSE 'Task due soon' END,
      format('Task "%s" is %s%s', due.title, CASE kind WHEN 'TASK_OVERDUE' THEN 'overdue' ELSE 'due soon' END,
        (SELECT format('; %s, to whom it is assigned, is disabled', a.username) FROM immigration_user a
         WHERE a.id = due.assigned_to_id AND NOT a.is_active)),
      due_date, who.id, jsonb_build_object('task_id', due.id, 'priority', priority)
    FROM due JOIN noticed USING (kind) CROSS JOIN LATERAL ${ANSWERABLE} who
    WHERE task_id = due.id
    ORDER BY due_date, due.id, who.id
    RETURNING assigned_to_id
  )
  SELECT count(*)::integer AS done, ${ANNOUNCED} FROM made`;

const NEXT = `
  SELECT least(
    (SELECT min(t.due_date) FROM immigration_task t WHERE ${OPEN} AND t.due_date >= ${NOW}),
    (SELECT min(t.due_date) FROM immigration_task t WHERE ${OPEN} AND t.due_date > ${NOW} + ${DUE_SOON}) - ${DUE_SOON})`;

/** Tasks that are due soon or overdue: one notification for each of the two per task and due date. */
export const tasksJob: Job = dueJob({
  name: 'tasks',
  summary: 'notify of tasks that are due soon or overdue',
  every: 30,
  basis: ({ tasksDueSoonDefaultDays }) => String(tasksDueSoonDefaultDays),
  usableBasis: (days) => days,
  doDue: NOTIFY,
  nextDue: NEXT,
});
