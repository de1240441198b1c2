import type { DomainEvent } from '../event.js';
import { webhook } from '../handlers/webhook.js';
import type { HandlerBinding } from './handler-bindings.js';

const WEBHOOK: HandlerBinding = {
  key: 'webhook',
  name: 'webhook',
  condition: undefined,
  related: [],
  handle: (work, transaction) => webhook.handle({ ...work, config: {} }, transaction),
  handleMany: (works, transaction) => Promise.all(works.map((work) => WEBHOOK.handle(work, transaction))),
};

/**
 * Adds the webhook handler to an event's bindings where the tenant has an endpoint for it, or had one at the first
 * attempt. Otherwise the event's results do not mention webhooks.
 * @param wanted the types of events that endpoints of the tenant want
 */
export function withWebhooks(
  bindings: readonly HandlerBinding[],
  event: DomainEvent,
  wanted: ReadonlySet<string>,
): readonly HandlerBinding[] {
  const isWanted = wanted.has(event.event_type) || WEBHOOK.key in event.handler_results;
  return isWanted && !bindings.some(({ key }) => key === WEBHOOK.key) ? [...bindings, WEBHOOK] : bindings;
}
