import { type Static, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { allOf } from '../../database/conditions.js';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { nullableSchema, required } from '../../http/fields/field.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { text } from '../../http/fields/text.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import type { RouteDefinition } from '../../routing/route.js';
import { deletedFilter, searchFilter, textFilter } from '../shared/filters.js';
import { STAMP_NAMES } from '../shared/names.js';
import { nameOutput, relatedOutput, timeOutput } from '../shared/output.js';
import { Records } from '../shared/records.js';
import { catalogPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';

const fields = {
  name: required(text({ min: 1, max: 100 })),
  short_name: required(text({ min: 1, max: 20 })),
  phone: text({ max: 15 }),
  website: text({ max: 100 }),
};
const InstituteCreate = body('InstituteCreateRequest', fields);
const InstituteUpdate = body('InstituteUpdateRequest', optional(fields));

const InstituteOutput = component(
  'InstituteOutput',
  Type.Object({
    id: Type.Integer(),
    name: Type.String({ maxLength: 100 }),
    short_name: Type.String({ maxLength: 20 }),
    phone: Type.String({ maxLength: 15 }),
    website: Type.String({ maxLength: 100 }),
    created_by: relatedOutput(),
    created_by_name: nameOutput({}),
    created_at: timeOutput({}),
    updated_by: relatedOutput(),
    updated_by_name: nameOutput({}),
    updated_at: timeOutput({}),
    deleted_at: nullableSchema(timeOutput({})),
  }),
);
type InstituteOutput = Static<typeof InstituteOutput>;

const institutes = new Records({
  table: 'immigration_institute',
  output: InstituteOutput,
  columns: STAMP_NAMES,
});

/** Returns a page of the institutes, by name. */
async function listInstitutes(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<InstituteOutput>>> {
  const asked = allOf([
    deletedFilter(query),
    searchFilter(query, 'r.name', 'r.short_name'),
    textFilter(query, 'name'),
    textFilter(query, 'short_name'),
  ]);
  return await institutes.list(transaction, page, asked, sql`r.name, r.id DESC`);
}

/** Restores an institute. @throws HttpError 404 */
async function restoreInstitute(transaction: TenantTransaction, user: CurrentUser, id: number) {
  await institutes.lockDeleted(transaction, id);
  return institutes.restore(transaction, user, id);
}

/** Returns the routes of institutes: universities, colleges and schools to which clients apply. */
export function instituteRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/institutes/',
    tag: 'institutes',
    kind: 'institute',
    policy: catalogPolicy('institute'),
    output: InstituteOutput,
  });
  return [
    routes.list((transaction, _user, page, { query }) => listInstitutes(transaction, query, page), {
      query: {
        include_deleted: Type.Boolean(),
        name: Type.String(),
        search: Type.String(),
        short_name: Type.String(),
      },
      largest: 1000,
    }),
    routes.create(InstituteCreate, (transaction, user, input) => institutes.insert(transaction, user, input)),
    routes.read((transaction, _user, id) => institutes.read(transaction, id)),
    ...routes.change(
      { PUT: InstituteUpdate, PATCH: InstituteUpdate },
      async (transaction, user, id, body) => {
        await institutes.lock(transaction, id);
        return institutes.update(transaction, user, id, body.read());
      },
    ),
    routes.remove(async (transaction, user, id) => {
      await institutes.lock(transaction, id);
      institutes.delete(transaction, user, id);
    }),
    routes.restore(restoreInstitute),
  ];
}
