import { type Static, Type } from '@sinclair/typebox';
import { DELIVERY_STATUSES, type DeliveryFilter } from '../../deliveries/administration.js';
import { component } from '../../http/component.js';
import { type Input, strictBody } from '../../http/fields/body.js';
import { nullableSchema } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { choice } from '../../http/fields/text.js';
import { choiceOutput, idOutput, timeOutput } from '../shared/output.js';

export const DELIVERY_KINDS = ['webhook', 'email'] as const;
/** Maximum number of deliveries that one request retries or cancels. */
export const MOST_CHANGED = 10_000;
const MOST_IDS = 1_000;

const id = () => integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const chosen = {
  ids: list(id(), { min: 1, max: MOST_IDS }),
  status: choice(DELIVERY_STATUSES),
  kind: choice(DELIVERY_KINDS),
  endpoint: id(),
  event: id(),
};

/** A selection of deliveries: those that meet every given condition. */
export const DeliveryChoice = strictBody('DeliveryChoiceRequest', chosen);
export type DeliveryChoiceInput = Input<typeof chosen>;

/** Converts a selection to the program's own filter. */
export function filterOf(input: DeliveryChoiceInput): DeliveryFilter {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

const shown = {
  id: idOutput(),
  kind: choiceOutput(DELIVERY_KINDS),
  status: choiceOutput(DELIVERY_STATUSES, { description: 'HELD: its endpoint is switched off' }),
  event_type: Type.String({ description: 'of an e-mail about a notification: its type' }),
  event: nullableSchema(Type.Integer()),
  endpoint: nullableSchema(Type.Integer({ description: 'null: an e-mail, or the endpoint is removed' })),
  to: nullableSchema(Type.String({ description: "the endpoint's address, or the e-mail's" })),
  attempts: Type.Integer(),
  next_attempt_at: nullableSchema(timeOutput()),
  last_error: nullableSchema(Type.String()),
  created_at: timeOutput(),
  sent_at: nullableSchema(timeOutput()),
};

export const DeliveryOutput = component('Delivery', Type.Object(shown));
export type DeliveryOutput = Static<typeof DeliveryOutput>;

export const DeliveryDetail = component(
  'DeliveryDetail',
  Type.Object({
    ...shown,
    idempotency_key: Type.String({ description: 'the same for every attempt' }),
    subject: Type.String(),
    body: Type.String({ description: 'as it is sent' }),
    log: Type.Array(
      Type.Object({
        attempted_at: timeOutput(),
        duration_ms: Type.Integer(),
        status_code: nullableSchema(Type.Integer()),
        answer: nullableSchema(Type.String()),
        error: nullableSchema(Type.String()),
      }),
      { description: 'the attempts, first to last' },
    ),
  }),
);
export type DeliveryDetail = Static<typeof DeliveryDetail>;

export const DeliveriesChanged = component(
  'DeliveriesChanged',
  Type.Object({
    count: Type.Integer({ description: 'how many it was done to' }),
    more: Type.Boolean({ description: `whether there are more: one request takes ${MOST_CHANGED}` }),
  }),
);
export type DeliveriesChanged = Static<typeof DeliveriesChanged>;
