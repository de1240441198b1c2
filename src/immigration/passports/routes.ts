import { Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import type { MaybePending, TenantTransaction } from '../../database/tenant-transaction.js';
import { pathId } from '../../http/path-id.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { clientRecordPolicy as policy } from '../shared/client-records.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { PassportOutput, PassportPatch, PassportRequest } from './schemas.js';
import { listPassports, readPassport } from './selectors.js';
import { deletePassport, replacePassport, updatePassport } from './services.js';

const path = '/api/v1/passports/';
const tag = 'passports';
const thing = 'Passport';

/** Returns the routes of clients' passports: at most one each, identified by its client's id. */
export function passportRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path,
    tag,
    thing,
    one: "a client's passport, or replaces it",
    many: 'passports of clients',
    policy,
    output: PassportOutput,
  });
  const create = routes.create(PassportRequest, replacePassport, 200);
  const ofClient = { path: `${path}:client_id/`, tag };
  type PassportWork<Result> = (
    transaction: TenantTransaction,
    user: CurrentUser,
    clientId: number,
  ) => MaybePending<Result>;
  const inTransaction = <Result>({ params, user, context }: UserRequest, work: PassportWork<Result>) => {
    const clientId = pathId(params.client_id, thing);
    return database.tenantTransaction(context, (transaction) => work(transaction, user, clientId));
  };
  const change = (method: 'PUT' | 'PATCH', body: typeof PassportRequest | typeof PassportPatch) =>
    route({
      ...ofClient,
      method,
      summary: "Changes what is given of a client's passport.",
      policy: policy.change,
      body: body as typeof PassportPatch,
      response: PassportOutput,
      errors: [400, 404],
      handler: async (request) =>
        await inTransaction(request, (transaction, user, clientId) =>
          updatePassport(transaction, user, clientId, request.body, request),
        ),
    });

  return [
    routes.array((transaction, user, { query }) => listPassports(transaction, user, query), {
      query: { client_id: Type.Integer() },
      errors: [400],
      fromReplica: false, // the read is written to the audit log
    }),
    create,
    { ...create, path: `${path}upsert/` },
    route({
      ...ofClient,
      method: 'GET',
      summary: "Reads a client's passport.",
      policy: policy.see,
      response: PassportOutput,
      errors: [404],
      handler: async (request) => await inTransaction(request, readPassport),
    }),
    change('PUT', PassportRequest),
    change('PATCH', PassportPatch),
    route({
      ...ofClient,
      method: 'DELETE',
      summary: "Deletes a client's passport.",
      policy: policy.remove,
      status: 204,
      errors: [404],
      handler: async (request) => await inTransaction(request, deletePassport),
    }),
  ];
}
