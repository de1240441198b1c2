import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import type { RouteDefinition } from '../../routing/route.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { ApplicationTypeCreate, ApplicationTypeOutput, ApplicationTypeUpdate } from './schemas.js';
import { applicationTypes, listApplicationTypes } from './selectors.js';
import { deleteApplicationType, updateApplicationType } from './services.js';

/** Returns the routes of application types, each with stages of its own. */
export function applicationTypeRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/application-types/',
    tag: 'application-types',
    kind: 'applicationtype',
    policy: modelPolicy('applicationtype'),
    output: ApplicationTypeOutput,
  });
  return [
    routes.list((transaction, _user, page, { query }) => listApplicationTypes(transaction, query, page), {
      query: { is_active: Type.Boolean(), title: Type.String() },
      largest: 1000,
      errors: [404],
    }),
    routes.create(ApplicationTypeCreate, (transaction, user, input) =>
      applicationTypes.insert(transaction, user, input),
    ),
    routes.read((transaction, _user, id) => applicationTypes.read(transaction, id)),
    ...routes.change({ PATCH: ApplicationTypeUpdate }, updateApplicationType),
    routes.remove(deleteApplicationType, [404], REFUSED),
  ];
}
