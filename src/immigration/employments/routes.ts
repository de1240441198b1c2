import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { clientRecordPolicy } from '../shared/client-records.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { EmploymentOutput, EmploymentPatch, EmploymentRequest } from './schemas.js';
import { employments } from './selectors.js';

/** Returns the routes of clients' employments. */
export function employmentRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/employments/',
    tag: 'employments',
    kind: 'employment',
    policy: clientRecordPolicy,
    output: EmploymentOutput,
  });
  return [
    routes.list((transaction, user, page, { query }) => employments.list(transaction, user, query, page), {
      query: { client_id: Type.Integer() },
    }),
    routes.create(EmploymentRequest, (transaction, user, input) =>
      employments.create(transaction, user, input),
    ),
    routes.read((transaction, user, id) => employments.read(transaction, user, id)),
    ...routes.change({ PUT: EmploymentRequest, PATCH: EmploymentPatch }, (transaction, user, id, body) =>
      employments.change(transaction, user, id, body),
    ),
    routes.remove((transaction, user, id) => employments.delete(transaction, user, id)),
  ];
}
