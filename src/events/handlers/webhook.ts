import { leaveWebhooks } from '../outbox.js';
import type { WebhookConfig } from '../types.js';
import type { Handler } from './handler.js';

/**
 * The handler that queues webhooks for the tenant's endpoints. It is added to each event that an endpoint wants
 * (`withWebhooks`); in the configuration it makes events of a type that nothing else handles.
 */
export const webhook: Handler<WebhookConfig> = {
  sendsAtOnce: true,
  async handle({ event }, transaction) {
    const left = await transaction.query(leaveWebhooks(event.id));
    if (left.length === 0) return { status: 'SKIPPED', message: 'no endpoint wants it' };
    return {
      status: 'SUCCESS',
      message: `left for ${left.length === 1 ? 'one endpoint' : `${left.length} endpoints`}`,
      data: { delivery_ids: left.map(({ id }) => id) },
    };
  },
};
