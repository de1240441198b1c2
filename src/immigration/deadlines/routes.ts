import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { clientRecordPolicy } from '../shared/client-records.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { TenantTime } from '../shared/tenant-time.js';
import { USUAL_DAYS } from './filters.js';
import { DEADLINE_KINDS, DeadlineOutput } from './schemas.js';
import { listDeadlines } from './selectors.js';

const filters = {
  assigned_to: Type.Integer(),
  branch: Type.Integer(),
  days: Type.Integer({ minimum: 0, description: `how many days ahead; default ${USUAL_DAYS}` }),
  kind: Type.Array(Type.String(), {
    description: `any of ${DEADLINE_KINDS.join(', ')}; other values: an empty list`,
  }),
  overdue: Type.Boolean({ description: 'true: only what is overdue; false: without it' }),
};

/** Returns the route of deadlines: what expires or falls due, of all kinds in one list. */
export function deadlineRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/deadlines/',
    tag: 'deadlines',
    thing: 'Deadline',
    one: 'a deadline',
    many: 'deadlines',
    policy: clientRecordPolicy,
    output: DeadlineOutput,
  });
  return [
    routes.list(
      (transaction, user, page, { query, tenant }) =>
        listDeadlines(transaction, user, query, page, new TenantTime(tenant)),
      {
        query: filters,
        summary:
          'What expires or falls due for the clients in scope: passports, visas, intakes, tasks, reminders; the earliest due first.',
      },
    ),
  ];
}
