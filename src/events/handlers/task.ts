import { sql } from '../../database/sql.js';
import type { TaskConfig } from '../types.js';
import type { Handler } from './handler.js';
import { insertNotifications } from './insert-notifications.js';
import { recipientsSql, relatedByPath } from './recipients.js';
import { fillTemplate } from './templates.js';

const DUE_IN_DAYS = 1;
const PRIORITY = 'MEDIUM';
const LONGEST_TITLE = 200;

// Linked to the client, if there is one. An assignee who has left counts as none.
const insertTask = (task: {
  readonly title: string;
  readonly detail: string;
  readonly priority: string;
  readonly days: number;
  readonly assignee: number | null;
  readonly assigner: number | null;
  readonly client: number | null;
}) => sql<NewTask>`
  INSERT INTO immigration_task
    (title, detail, priority, due_date, assigned_to_id, assigned_by_id, content_type_id, object_id)
  SELECT ${task.title}, ${task.detail}, ${task.priority}, now() + make_interval(days => ${task.days}),
    (SELECT id FROM immigration_user WHERE id = ${task.assignee}::bigint AND is_active), ${task.assigner}::bigint, t.id,
    CASE WHEN t.id IS NOT NULL THEN ${task.client}::bigint END
  FROM (SELECT) one LEFT JOIN django_content_type t
    ON t.app_label = 'immigration' AND t.model = 'client'
    AND EXISTS (SELECT FROM immigration_client WHERE id = ${task.client}::bigint)
  RETURNING id, assigned_to_id, due_date`;

interface NewTask {
  readonly id: number;
  readonly assigned_to_id: number | null;
  readonly due_date: string;
}

/** The handler that creates a task, linked to the record's client, and notifies its assignee. */
export const task: Handler<TaskConfig> = {
  templates: ({ title_template, detail_template }) => [title_template, detail_template],
  related: ({ assigned_to_field = '' }) => relatedByPath(assigned_to_field),
  async handle({ event, config, context }, transaction) {
    const fill = (template: string) => fillTemplate(template, (name) => context.text(name));
    const title = [...fill(config.title_template)].slice(0, LONGEST_TITLE).join('');
    const priority = config.priority ?? PRIORITY;
    const [made] = (await transaction.query(
      insertTask({
        title,
        detail: fill(config.detail_template),
        priority,
        days: config.due_date_days ?? DUE_IN_DAYS,
        assignee: config.assigned_to_field === undefined ? null : context.idAt(config.assigned_to_field),
        assigner: event.performed_by_id,
        client: context.clientId,
      }),
    )) as [NewTask];
    const data = { task_id: made.id };
    if (made.assigned_to_id === null) return { status: 'SUCCESS', message: 'task made', data };
    const notice = {
      type: 'TASK_ASSIGNED',
      title: 'Task assigned',
      message: `Task "${title}" has been assigned to you`,
      meta: { task_id: made.id, priority, event_id: event.id },
      dueDate: made.due_date,
      userIds: [made.assigned_to_id],
      branchId: null,
    };
    const insert = insertNotifications([notice], recipientsSql([]));
    const notified = (await transaction.query(insert)).map(({ user }) => user);
    return { status: 'SUCCESS', message: 'task made and assigned', data, notified };
  },
};
