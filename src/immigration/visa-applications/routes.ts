import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { TenantTime } from '../shared/tenant-time.js';
import { visaDashboard } from './dashboard.js';
import {
  VISA_STATUSES,
  VisaApplicationCreate,
  VisaApplicationOutput,
  VisaApplicationPatch,
  VisaDashboard,
  VisaStatusCounts,
} from './schemas.js';
import { listVisaApplications, readVisaApplication, visaStatusCounts } from './selectors.js';
import { createVisaApplication, deleteVisaApplication, updateVisaApplication } from './services.js';

const PATH = '/api/v1/visa-applications/';
const tag = 'visa-applications';

const filters = {
  assigned_to_id: Type.Integer(),
  client_id: Type.Integer(),
  client_name: Type.String(),
  created_by_id: Type.Integer(),
  date_applied_from: Type.String({ format: 'date' }),
  date_applied_to: Type.String({ format: 'date' }),
  status: Type.String({
    description: `one of ${[...VISA_STATUSES].sort().join(', ')}; any other value: an empty list`,
  }),
  visa_type_id: Type.Integer(),
};

/** Returns the routes of clients' visa applications. */
export function visaApplicationRoutes(database: Database): RouteDefinition[] {
  const policy = modelPolicy('visaapplication');
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    kind: 'visaapplication',
    policy,
    output: VisaApplicationOutput,
  });
  return [
    routes.list(
      (transaction, user, page, { query }) => listVisaApplications(transaction, user, query, page),
      { query: filters },
    ),
    routes.create(VisaApplicationCreate, createVisaApplication),
    route({
      method: 'GET',
      path: `${PATH}dashboard-statistics/`,
      tag,
      summary: 'What there is to know of the visa applications in scope at a glance.',
      policy: policy.see,
      response: VisaDashboard,
      fromReplica: true,
      handler: async ({ context, tenant, user }) =>
        await database.tenantTransaction(context, (transaction) =>
          visaDashboard(transaction, user, new TenantTime(tenant)),
        ),
    }),
    route({
      method: 'GET',
      path: `${PATH}status-counts/`,
      tag,
      summary: 'How many visa applications in scope have each status.',
      policy: policy.see,
      response: VisaStatusCounts,
      fromReplica: true,
      handler: async ({ context, user }) =>
        await database.tenantTransaction(context, (transaction) => visaStatusCounts(transaction, user)),
    }),
    routes.read(readVisaApplication),
    ...routes.change({ PATCH: VisaApplicationPatch }, updateVisaApplication),
    routes.remove(deleteVisaApplication, [404], REFUSED),
  ];
}
