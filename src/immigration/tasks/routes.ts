import { Type } from '@sinclair/typebox';
import type { Config } from '../../config/config.js';
import type { Database } from '../../database/database.js';
import { invalidField } from '../../http/errors.js';
import { requireArgument } from '../../http/fields/arguments.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { RouteDefinition } from '../../routing/route.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { cancelTask, claimTask, completeTask } from './actions.js';
import { addComment } from './comments.js';
import { taskDenied, taskNotFound } from './errors.js';
import { listTasks, overdueTasks, readTaskFilters, tasksDueSoon } from './list.js';
import { taskPolicy } from './policy.js';
import { TaskCommentBody, TaskCreate, TaskOutput, TaskPatch, TaskUpdate } from './schemas.js';
import { readTask } from './selectors.js';
import { createTask, deleteTask, updateTask } from './services.js';

const filters = {
  all_tasks: Type.Boolean({ description: 'all that the user may see, which is the default' }),
  assigned_to: Type.Integer(),
  assigned_to_me: Type.Boolean({ description: "for admin roles also their branches' tasks" }),
  client: Type.Integer(),
  content_type: Type.Integer({ description: 'together with object_id' }),
  include_overdue: Type.Boolean(),
  object_id: Type.Integer({ description: 'together with content_type' }),
  priority: Type.Array(Type.String()),
  status: Type.Array(Type.String()),
};

type TaskSettings = Pick<Config, 'tasksDueSoonDefaultDays' | 'tasksIncludeOverdueDefault'>;

/** Returns the routes of tasks of the agency's staff and branches, with comments and links to records. */
export function taskRoutes(database: Database, settings: TaskSettings): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/tasks/',
    tag: 'tasks',
    kind: 'task',
    policy: taskPolicy,
    missing: { read: taskNotFound, change: taskDenied },
    output: TaskOutput,
  });
  const act = (summary: string) => ({ summary, policy: taskPolicy.see });
  return [
    routes.list(
      (transaction, user, page, { query }) =>
        listTasks(transaction, user, readTaskFilters(query, user, settings.tasksIncludeOverdueDefault), page),
      { query: filters },
    ),
    routes.create(TaskCreate, createTask),
    routes.array(
      (transaction, user, { query }) =>
        tasksDueSoon(transaction, user, daysIn(query) ?? settings.tasksDueSoonDefaultDays),
      {
        at: 'due_soon/',
        summary: "The user's own unfinished tasks that are due soon, the earliest due first.",
        query: {
          days: Type.Integer({ minimum: 0, description: `default ${settings.tasksDueSoonDefaultDays}` }),
        },
        errors: [400],
      },
    ),
    routes.array((transaction, user) => overdueTasks(transaction, user), {
      at: 'overdue/',
      summary: "The user's own unfinished tasks that are past due, the earliest due first.",
    }),
    routes.read(readTask),
    ...routes.change({ PUT: TaskUpdate, PATCH: TaskPatch }, updateTask),
    routes.remove(deleteTask),
    routes.action(
      'add_comment/',
      { ...act('Adds a comment; `@username` mentions somebody.'), body: TaskCommentBody, errors: [400, 404] },
      (transaction, user, id, body, { raw }) => {
        const read = () => {
          requireArgument(raw, 'comment', 'Comment text is required');
          return body.read().comment;
        };
        return addComment(transaction, user, id, { read });
      },
    ),
    routes.action('cancel/', act('Cancels a task.'), cancelTask),
    routes.action(
      'claim/',
      { ...act("Takes over a task of one of the user's branches."), errors: [400, 404] },
      claimTask,
    ),
    routes.action('complete/', act('Completes a task.'), completeTask),
  ];
}

/** Returns the requested number of days ahead. @throws HttpError 400 for what is no number, or below 0 */
function daysIn(query: QueryParameters): number | undefined {
  const days = query.integer('days');
  if (days !== undefined && days < 0) {
    throw invalidField('days', 'Ensure this value is greater than or equal to 0.');
  }
  return days;
}
