import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { TenantTime } from '../shared/tenant-time.js';
import { collegeDashboard } from './dashboard.js';
import {
  CollegeApplicationCreate,
  CollegeApplicationOutput,
  CollegeApplicationUpdate,
  CollegeDashboard,
  CollegeStageCounts,
} from './schemas.js';
import { collegeStageCounts, listCollegeApplications, readCollegeApplication } from './selectors.js';
import { createCollegeApplication, deleteCollegeApplication, updateCollegeApplication } from './services.js';

const PATH = '/api/v1/college-applications/';
const tag = 'college-applications';

const filters = {
  application_type_id: Type.Integer(),
  assigned_to: Type.Integer({ description: 'the same as assigned_to_id' }),
  assigned_to_id: Type.Integer(),
  client_id: Type.Integer(),
  client_name: Type.String(),
  created_after: Type.String({ format: 'date', description: "this day or later, in the tenant's time zone" }),
  created_before: Type.String({
    format: 'date',
    description: "this day or earlier, in the tenant's time zone",
  }),
  created_by: Type.Integer(),
  institute_id: Type.Integer(),
  stage_id: Type.Integer(),
};

/** Returns the routes of clients' applications to institutes, which go through the stages of their type. */
export function collegeApplicationRoutes(database: Database): RouteDefinition[] {
  const policy = modelPolicy('collegeapplication');
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    kind: 'collegeapplication',
    policy,
    output: CollegeApplicationOutput,
  });
  return [
    routes.list(
      (transaction, user, page, request) => listCollegeApplications(transaction, user, request, page),
      { query: filters },
    ),
    routes.create(CollegeApplicationCreate, createCollegeApplication),
    route({
      method: 'GET',
      path: `${PATH}dashboard-statistics/`,
      tag,
      summary: 'What there is to know of the college applications in scope at a glance.',
      policy: policy.see,
      query: {
        time_filter: Type.String({
          default: 'all',
          description: 'one of all, today, this_week, this_month; any other value: all',
        }),
      },
      response: CollegeDashboard,
      fromReplica: true,
      handler: async ({ context, tenant, user, query }) => {
        const filter = query.text('time_filter');
        return await database.tenantTransaction(context, (transaction) =>
          collegeDashboard(transaction, user, filter, new TenantTime(tenant)),
        );
      },
    }),
    route({
      method: 'GET',
      path: `${PATH}stage-counts/`,
      tag,
      summary: 'How many college applications in scope stand in each stage.',
      policy: policy.see,
      query: { application_type_id: Type.Integer() },
      response: CollegeStageCounts,
      fromReplica: true,
      errors: [400],
      handler: async ({ context, user, query }) =>
        await database.tenantTransaction(context, (transaction) =>
          collegeStageCounts(transaction, user, query),
        ),
    }),
    routes.read(readCollegeApplication),
    ...routes.change({ PATCH: CollegeApplicationUpdate }, updateCollegeApplication),
    routes.remove(deleteCollegeApplication),
  ];
}
