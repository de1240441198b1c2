import type { CurrentUser } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { Body, Input, Shape } from '../../http/fields/body.js';
import type { Policy } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { TenantTime } from '../shared/tenant-time.js';
import { BulkArchive, BulkAssign, BulkRestore, BulkResult, BulkStage, MOST_CLIENTS } from './bulk-schemas.js';
import { archiveClients, assignClients, moveClients, restoreClients } from './bulk-services.js';
import { clientPolicy } from './policy.js';

type Service<S extends Shape> = (
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
  input: Input<S>,
) => Promise<BulkResult>;

/** Returns the routes for bulk changes of clients: of a selection, or of all that match filters of the list. */
export function bulkRoutes(database: Database): RouteDefinition[] {
  const bulk = <S extends Shape>(
    name: string,
    does: string,
    policy: Policy,
    shape: Body<S>,
    service: Service<S>,
  ): RouteDefinition =>
    route({
      method: 'POST',
      path: `/api/v1/clients/bulk/${name}/`,
      load: 'heavy',
      tag: 'clients',
      summary: `${does} the clients with these ids, or all in scope that match the filters, ${MOST_CLIENTS} at most: all or none.`,
      policy,
      body: shape,
      response: BulkResult,
      errors: [400],
      handler: async ({ context, user, tenant, body }) => {
        const given = body.read();
        return await database.tenantTransaction(context, (transaction) =>
          service(transaction, user, new TenantTime(tenant), given),
        );
      },
    });
  return [
    bulk('assign', 'Assigns to a user, or to nobody,', clientPolicy.change, BulkAssign, assignClients),
    bulk('stage', 'Moves to a stage', clientPolicy.change, BulkStage, moveClients),
    bulk('archive', 'Archives', clientPolicy.remove, BulkArchive, archiveClients),
    bulk('restore', 'Brings back, from the archive,', clientPolicy.restore, BulkRestore, restoreClients),
  ];
}
