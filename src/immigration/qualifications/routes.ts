import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { clientRecordPolicy } from '../shared/client-records.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { QualificationOutput, QualificationPatch, QualificationRequest } from './schemas.js';
import { qualifications } from './selectors.js';

/** Returns the routes of clients' qualifications. */
export function qualificationRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/qualifications/',
    tag: 'qualifications',
    kind: 'qualification',
    policy: clientRecordPolicy,
    output: QualificationOutput,
  });
  return [
    routes.list((transaction, user, page, { query }) => qualifications.list(transaction, user, query, page), {
      query: { client_id: Type.Integer() },
    }),
    routes.create(QualificationRequest, (transaction, user, input) =>
      qualifications.create(transaction, user, input),
    ),
    routes.read((transaction, user, id) => qualifications.read(transaction, user, id)),
    ...routes.change(
      { PUT: QualificationRequest, PATCH: QualificationPatch },
      (transaction, user, id, body) => qualifications.change(transaction, user, id, body),
    ),
    routes.remove((transaction, user, id) => qualifications.delete(transaction, user, id)),
  ];
}
