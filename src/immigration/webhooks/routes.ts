import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import {
  findEndpoint,
  listEndpoints,
  readEndpoint,
  removeEndpoint,
  rotateSecret,
  switchEndpoint,
} from '../../deliveries/endpoints.js';
import type { WebhookPolicy } from '../../deliveries/webhook-target.js';
import { EVENTS } from '../../events/config.js';
import { allTypes } from '../../events/event-types.js';
import { pathId } from '../../http/path-id.js';
import { superAdmin } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { shortName } from '../../tenancy/tenant-name.js';
import { onlySuperAdmin } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import {
  WebhookDisable,
  WebhookOutput,
  WebhookPatch,
  WebhookRequest,
  WebhookRotate,
  WebhookTestOutput,
  WebhookWithSecret,
} from './schemas.js';
import { answering, createWebhook, updateWebhook } from './services.js';
import { Trials } from './trials.js';

const PATH = '/api/v1/webhooks/';
const tag = 'webhooks';

/** Returns the routes of the webhook endpoints that receive the agency's events; for SUPER_ADMIN only. */
export function webhookRoutes(database: Database, policy: WebhookPolicy): RouteDefinition[] {
  const trials = new Trials({ policy });
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    thing: 'Webhook',
    one: 'a webhook endpoint',
    many: 'webhook endpoints',
    policy: onlySuperAdmin,
    output: WebhookOutput,
  });
  return answering([
    routes.array(listEndpoints, {
      fromReplica: false,
      summary: 'The webhook endpoints, 50 at most; only for SUPER_ADMIN.',
    }),
    route({
      method: 'GET',
      path: `${PATH}event-types/`,
      tag,
      summary: 'The types of events that can be sent to an endpoint.',
      policy: superAdmin,
      response: Type.Array(Type.String()),
      handler: async () => allTypes(EVENTS),
    }),
    route({
      method: 'POST',
      path: PATH,
      tag,
      summary: 'Creates a webhook endpoint. Its secret is shown only now.',
      policy: superAdmin,
      body: WebhookRequest,
      status: 201,
      response: WebhookWithSecret,
      errors: [400],
      handler: async ({ context, body }) => {
        const given = body.read();
        return await database.tenantTransaction(context, (transaction) =>
          createWebhook(transaction, given, policy),
        );
      },
    }),
    routes.read((transaction, _user, id) => readEndpoint(transaction, id)),
    ...routes.change({ PATCH: WebhookPatch }, async (transaction, _user, id, body) => {
      await readEndpoint(transaction, id); // a 404 comes before errors in the body
      return await updateWebhook(transaction, id, body.read(), policy);
    }),
    routes.remove((transaction, _user, id) => removeEndpoint(transaction, id)),
    routes.action(
      'enable/',
      { summary: 'Switches an endpoint on; held deliveries are sent.', policy: superAdmin },
      (transaction, _user, id) => switchEndpoint(transaction, id, null),
    ),
    routes.action(
      'disable/',
      {
        summary: 'Switches an endpoint off; its deliveries are held until it is switched on.',
        policy: superAdmin,
        body: WebhookDisable,
        errors: [400, 404],
      },
      async (transaction, user, id, body) => {
        await readEndpoint(transaction, id);
        return await switchEndpoint(
          transaction,
          id,
          body.read().reason || `switched off by ${user.username}`,
        );
      },
    ),
    routes.action(
      'rotate-secret/',
      {
        summary: 'Makes a new secret, shown only now; the previous one signs too for some hours.',
        policy: superAdmin,
        body: WebhookRotate,
        output: WebhookWithSecret,
        errors: [400, 404],
      },
      async (transaction, _user, id, body) => {
        await readEndpoint(transaction, id);
        return await rotateSecret(transaction, id, body.read().overlap_hours);
      },
    ),
    route({
      method: 'POST',
      path: `${PATH}:id/test/`,
      tag,
      summary: 'Sends an event of the type Leopard.TEST to an endpoint now and returns its answer.',
      policy: superAdmin,
      response: WebhookTestOutput,
      errors: [404, 429],
      handler: async ({ context, params }) => {
        const id = pathId(params.id, 'Webhook');
        // Sent outside the transaction: a slow receiver holds no connection.
        const endpoint = await database.tenantTransaction(context, (transaction) =>
          findEndpoint(transaction, id),
        );
        return await trials.send(shortName(context.schema), endpoint);
      },
    }),
  ]);
}
