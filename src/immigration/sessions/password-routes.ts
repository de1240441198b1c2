import { Type } from '@sinclair/typebox';
import type { ForcedChange } from '../../auth/forced-change.js';
import type { PasswordReset, WantedAccount } from '../../auth/password-reset.js';
import { LONGEST_PASSWORD } from '../../auth/passwords.js';
import { TokenPair } from '../../auth/token-pair.js';
import { component } from '../../http/component.js';
import { invalid } from '../../http/errors.js';
import { body } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { text } from '../../http/fields/text.js';
import { clientOf } from '../../routing/client-device.js';
import { anybody } from '../../routing/policy.js';
import { publicRoute, type RouteDefinition } from '../../routing/route.js';
import type { Tenant } from '../../tenancy/tenants.js';

const Request = body('PasswordResetRequest', {
  username: text({ max: 150 }),
  email: text({ max: 254 }),
});
const password = required(text({ min: 1, max: LONGEST_PASSWORD, keepSpaces: true, writeOnly: true }));
const Confirm = body('PasswordResetConfirmRequest', {
  token: required(text({ min: 1, max: 100, writeOnly: true })),
  password,
});
const Change = body('PasswordChangeRequest', {
  challenge: required(text({ min: 1, max: 200, writeOnly: true })),
  password,
});
const Told = component('PasswordResetAnswer', Type.Object({ detail: Type.String() }));

const SENT = 'If there is such a user, an e-mail with a link is on its way.';
const SET = 'The password is set. All sessions of the user have ended.';

/** Returns the routes with which somebody who cannot log in sets a password, or has to in a log-in. */
export function passwordRoutes(resets: PasswordReset, forcedChange: ForcedChange): RouteDefinition[] {
  const common = { method: 'POST', tag: 'token', policy: anybody } as const;
  return [
    publicRoute({
      ...common,
      path: '/api/password-reset/',
      summary:
        'Sends a link for a forgotten password, by username or e-mail address; the answer never tells who exists.',
      body: Request,
      response: Told,
      errors: [400, 429],
      handler: async ({ tenant, context, ip, body }) => {
        await resets.request(tenant as Tenant, context, wantedIn(body.read()), ip);
        return { detail: SENT };
      },
    }),
    publicRoute({
      ...common,
      path: '/api/password-reset/confirm/',
      summary: 'Sets a password with the token of a link, and ends all sessions of its user.',
      body: Confirm,
      response: Told,
      errors: [400, 429],
      handler: async ({ tenant, context, ip, body }) => {
        await resets.confirm(tenant as Tenant, context, body.read(), ip);
        return { detail: SET };
      },
    }),
    publicRoute({
      ...common,
      path: '/api/password-change/',
      summary:
        'Goes on with a log-in that demands a new password: sets it, and answers with the pair of tokens.',
      body: Change,
      response: TokenPair,
      errors: [400, 401, 429],
      handler: async (request) =>
        await forcedChange.complete(request.tenant as Tenant, request.body.read(), clientOf(request)),
    }),
  ];
}

function wantedIn({ username, email }: ReturnType<typeof Request.parse>): WantedAccount {
  if (email && !username) return { email };
  if (username && !email) return { username };
  throw invalid({ non_field_errors: ['Give either username or email.'] });
}
