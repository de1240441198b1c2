import { type Static, Type } from '@sinclair/typebox';
import { SECURITY_EVENT_KINDS } from '../../auth/security-kinds.js';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';
import { countOutput, idOutput, timeOutput } from '../shared/output.js';

/** All kinds with their meaning, for the documentation. */
export const KINDS_EXPLAINED = Object.entries(SECURITY_EVENT_KINDS)
  .map(([kind, meaning]) => `${kind} (${meaning})`)
  .join('; ');

const text = (description: string) => nullableSchema(Type.String({ description }));
const user = (description: string) => nullableSchema(Type.Integer({ description }));

export const SecurityEventOutput = component(
  'SecurityEvent',
  Type.Object({
    id: idOutput(),
    at: timeOutput(),
    kind: Type.String({ description: `such as ${Object.keys(SECURITY_EVENT_KINDS).slice(0, 3).join(', ')}` }),
    user: user('the user that the event is about; null where no user has the name that was tried'),
    username: text('as it was at that moment, or as it was tried'),
    actor: user('the user who did it; null: the system, an operator, or nobody signed in'),
    actor_name: text('as it was at that moment; `operator`: a command'),
    address: text("the client's"),
    agent: text("the client's User-Agent"),
    request_id: text('as in the X-Request-Id of the answer'),
    session_id: text("the session's"),
    count: countOutput({ description: 'how often it happened until `last_at`' }),
    last_at: timeOutput(),
    detail: nullableSchema(
      Type.Object({}, { additionalProperties: true, description: 'further facts, by kind' }),
    ),
  }),
);
export type SecurityEventOutput = Static<typeof SecurityEventOutput>;
