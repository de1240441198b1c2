import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { signedIn } from '../../routing/policy.js';
import type { RouteDefinition } from '../../routing/route.js';
import { ownPolicy, refusedByRecord } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { TenantTime } from '../shared/tenant-time.js';
import { ReminderCreate, ReminderOutput, ReminderPatch } from './schemas.js';
import { listReminders, reminders, reminderVisible } from './selectors.js';
import { completeReminder, createReminder, deleteReminder, updateReminder } from './services.js';

const filters = {
  content_type: Type.Integer(),
  is_completed: Type.Boolean(),
  object_id: Type.Integer(),
  ordering: Type.String({ description: 'fields, apart by commas; `-` before one for descending' }),
  read: Type.Boolean(),
};

/** Returns the routes of reminders, which may be on any record. The scheduler notifies of those that are due. */
export function reminderRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/reminders/',
    tag: 'reminders',
    kind: 'reminder',
    policy: ownPolicy,
    output: ReminderOutput,
  });
  return refusedByRecord([
    routes.list((transaction, user, page, { query }) => listReminders(transaction, user, query, page), {
      query: filters,
      usual: 10,
      largest: 50,
    }),
    routes.create(ReminderCreate, createReminder),
    routes.read((transaction, user, id) => reminders.read(transaction, id, reminderVisible(user))),
    ...routes.change({ PATCH: ReminderPatch }, (transaction, user, id, read, { tenant }) =>
      updateReminder(transaction, user, id, read, new TenantTime(tenant)),
    ),
    routes.remove(deleteReminder),
    routes.action(
      'completed/',
      { summary: 'Marks a reminder as completed.', policy: signedIn },
      completeReminder,
    ),
  ]);
}
