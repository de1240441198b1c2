import { type Static, Type } from '@sinclair/typebox';
import { DEFAULT_OVERLAP_HOURS, MOST_OVERLAP_HOURS } from '../../deliveries/endpoints.js';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { nullableSchema, required, withDefault } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { idOutput, timeOutput } from '../shared/output.js';

const MOST_PATTERNS = 50;

const fields = {
  url: required(text({ min: 1, max: 2000 })),
  event_types: withDefault(list(text({ min: 1, max: 100 }), { min: 1, max: MOST_PATTERNS }), ['*']),
};

export const WebhookRequest = body('WebhookRequest', fields);
export const WebhookPatch = body('PatchedWebhookRequest', optional(fields));
export const WebhookDisable = body('WebhookDisableRequest', { reason: text({ max: 500 }) });
export const WebhookRotate = body('WebhookRotateRequest', {
  overlap_hours: withDefault(integer({ min: 0, max: MOST_OVERLAP_HOURS }), DEFAULT_OVERLAP_HOURS),
});

const shown = {
  id: idOutput(),
  url: Type.String(),
  event_types: Type.Array(Type.String(), { description: 'such as `Client.CREATE`, `Client.*`, `*`' }),
  is_active: Type.Boolean({ readOnly: true }),
  disabled_reason: nullableSchema(Type.String({ readOnly: true })),
  failures: Type.Integer({ readOnly: true, description: 'attempts that failed since the last that did not' }),
  secret_set_at: timeOutput(),
  previous_secret_until: nullableSchema(timeOutput()),
  created_at: timeOutput(),
};
const secret = Type.String({ description: 'signs what is sent; shown now and never again' });

export const WebhookOutput = component('Webhook', Type.Object(shown));
export type WebhookOutput = Static<typeof WebhookOutput>;
export const WebhookWithSecret = component('WebhookWithSecret', Type.Object({ ...shown, secret }));
export type WebhookWithSecret = Static<typeof WebhookWithSecret>;

export const WebhookTestOutput = component(
  'WebhookTest',
  Type.Object({
    sent: Type.Boolean({ description: 'whether the endpoint answered with 2xx' }),
    status_code: nullableSchema(Type.Integer()),
    duration_ms: Type.Integer(),
    answer: nullableSchema(Type.String({ description: 'the first 2 KB' })),
    error: nullableSchema(Type.String()),
  }),
);
export type WebhookTestOutput = Static<typeof WebhookTestOutput>;
