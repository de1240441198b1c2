import { Type } from '@sinclair/typebox';
import type { PasswordReset, WantedAccount } from '../../auth/password-reset.js';
import { LONGEST_PASSWORD } from '../../auth/passwords.js';
import { component } from '../../http/component.js';
import { invalid } from '../../http/errors.js';
import { body } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { text } from '../../http/fields/text.js';
import { anybody } from '../../routing/policy.js';
import { publicRoute, type RouteDefinition } from '../../routing/route.js';
import type { Tenant } from '../../tenancy/tenants.js';

const Request = body('PasswordResetRequest', {
  username: text({ max: 150 }),
  email: text({ max: 254 }),
});
const Confirm = body('PasswordResetConfirmRequest', {
  token: required(text({ min: 1, max: 100, writeOnly: true })),
  password: required(text({ min: 1, max: LONGEST_PASSWORD, keepSpaces: true, writeOnly: true })),
});
const Told = component('PasswordResetAnswer', Type.Object({ detail: Type.String() }));

const SENT = 'If there is such a user, an e-mail with a link is on its way.';
const SET = 'The password is set. All sessions of the user have ended.';

/** Returns the routes with which somebody who cannot log in sets a password. */
export function passwordRoutes(resets: PasswordReset): RouteDefinition[] {
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
  ];
}

function wantedIn({ username, email }: ReturnType<typeof Request.parse>): WantedAccount {
  if (email && !username) return { email };
  if (username && !email) return { username };
  throw invalid({ non_field_errors: ['Give either username or email.'] });
}
