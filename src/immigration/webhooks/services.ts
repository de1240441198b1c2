import type { TenantTransaction } from '../../database/tenant-transaction.js';
import {
  addEndpoint,
  changeEndpoint,
  type Endpoint,
  EndpointNotFoundError,
  TooManyEndpointsError,
} from '../../deliveries/endpoints.js';
import { checkEventPatterns } from '../../deliveries/event-patterns.js';
import {
  checkWebhookUrl,
  ForbiddenTargetError,
  type WebhookPolicy,
} from '../../deliveries/webhook-target.js';
import { detailError, invalidField, notFound } from '../../http/errors.js';
import { PlainError } from '../../platform/plain-error.js';
import type { RouteDefinition } from '../../routing/route.js';

interface Given {
  readonly url?: string | undefined;
  readonly event_types?: readonly string[] | undefined;
}

/** Creates an endpoint. @throws HttpError 400 under the wrong field, or when there are too many */
export async function createWebhook(
  transaction: TenantTransaction,
  { url, event_types: eventTypes = ['*'] }: Given & { readonly url: string },
  policy: WebhookPolicy,
): Promise<Endpoint & { readonly secret: string }> {
  check({ url, event_types: eventTypes }, policy);
  return await addEndpoint(transaction, { url, eventTypes }, policy);
}

/** Changes the given fields of an endpoint. @throws HttpError 404, 400 under the wrong field */
export async function updateWebhook(
  transaction: TenantTransaction,
  id: number,
  given: Given,
  policy: WebhookPolicy,
): Promise<Endpoint> {
  check(given, policy);
  const { url, event_types: eventTypes } = given;
  return await changeEndpoint(transaction, id, { url, eventTypes }, policy);
}

/** Returns the same routes, with 404 and 400 for the errors of endpoints. */
export function answering(routes: readonly RouteDefinition[]): RouteDefinition[] {
  return routes.map((definition) => ({
    ...definition,
    handler: async (request, reply) => {
      try {
        return await definition.handler(request, reply);
      } catch (error) {
        if (error instanceof EndpointNotFoundError) throw notFound('Webhook');
        if (error instanceof TooManyEndpointsError) throw detailError(400, sentence(error.message));
        throw error;
      }
    },
  }));
}

function check({ url, event_types: patterns }: Given, policy: WebhookPolicy): void {
  try {
    if (url !== undefined) checkWebhookUrl(url, policy);
  } catch (error) {
    throw error instanceof ForbiddenTargetError ? invalidField('url', sentence(error.message)) : error;
  }
  try {
    if (patterns) checkEventPatterns(patterns);
  } catch (error) {
    throw error instanceof PlainError ? invalidField('event_types', sentence(error.message)) : error;
  }
}

/** Formats a text as a sentence, as in other messages of the API. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
