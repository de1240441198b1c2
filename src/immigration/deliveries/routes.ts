import { type TSchema, Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { DELIVERY_STATUSES } from '../../deliveries/administration.js';
import { pathId } from '../../http/path-id.js';
import { superAdmin } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { MOST_COUNTED } from '../shared/page-of.js';
import { onlySuperAdmin } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import {
  DELIVERY_KINDS,
  DeliveriesChanged,
  DeliveryChoice,
  type DeliveryChoiceInput,
  DeliveryDetail,
  DeliveryOutput,
} from './schemas.js';
import { listDeliveries, readDelivery } from './selectors.js';
import { cancelDelivery, cancelMany, retryDelivery, retryMany } from './services.js';

const PATH = '/api/v1/deliveries/';
const tag = 'deliveries';

const filters: Record<string, TSchema> = {
  endpoint: Type.Integer({ description: "a webhook endpoint's id" }),
  event: Type.Integer({ description: "an event's id" }),
  kind: Type.String({ description: `one of ${DELIVERY_KINDS.join(', ')}` }),
  status: Type.String({ description: `one or several of ${DELIVERY_STATUSES.join(', ')}` }),
};

/** Returns the routes of the agency's webhooks and e-mails, sent or waiting; for SUPER_ADMIN only. */
export function deliveryRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    thing: 'Delivery',
    one: 'a delivery',
    many: 'deliveries',
    policy: onlySuperAdmin,
    output: DeliveryOutput,
  });
  const toMany = (
    at: string,
    summary: string,
    work: (transaction: TenantTransaction, input: DeliveryChoiceInput) => Promise<DeliveriesChanged>,
  ) =>
    route({
      method: 'POST',
      path: `${PATH}${at}`,
      tag,
      summary,
      policy: superAdmin,
      body: DeliveryChoice,
      response: DeliveriesChanged,
      errors: [400],
      handler: async ({ context, body }) => {
        const given = body.read();
        return await database.tenantTransaction(context, (transaction) => work(transaction, given));
      },
    });
  return [
    routes.list((transaction, _user, page, { query }) => listDeliveries(transaction, query, page), {
      query: filters,
      fromReplica: false,
      summary: `Webhooks and e-mails, newest first; only for SUPER_ADMIN. It counts and shows at most ${MOST_COUNTED}.`,
    }),
    toMany(
      'retry/',
      'Queues deliveries to be sent again, even those that were sent, with the same key.',
      retryMany,
    ),
    toMany('cancel/', 'Cancels deliveries that wait or are held.', cancelMany),
    route({
      method: 'GET',
      path: `${PATH}:id/`,
      tag,
      summary: 'Reads a delivery with its text and its attempts.',
      policy: superAdmin,
      response: DeliveryDetail,
      errors: [404],
      handler: async ({ context, params }) => {
        const id = pathId(params.id, 'Delivery');
        return await database.tenantTransaction(context, (transaction) => readDelivery(transaction, id));
      },
    }),
    routes.action(
      'retry/',
      {
        summary: 'Queues a delivery to be sent again, even one that was sent, with the same key.',
        policy: superAdmin,
        output: DeliveryDetail,
        errors: [400, 404],
      },
      (transaction, _user, id) => retryDelivery(transaction, id),
    ),
    routes.action(
      'cancel/',
      {
        summary: 'Cancels a delivery that waits or is held.',
        policy: superAdmin,
        output: DeliveryDetail,
        errors: [400, 404],
      },
      (transaction, _user, id) => cancelDelivery(transaction, id),
    ),
  ];
}
