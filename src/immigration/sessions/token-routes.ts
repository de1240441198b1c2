import { Type } from '@sinclair/typebox';
import type { PasskeySites } from '../../auth/passkey-sites.js';
import type { SecondFactor } from '../../auth/second-factor.js';
import type { Sessions } from '../../auth/sessions.js';
import { TokenPair } from '../../auth/token-pair.js';
import { component } from '../../http/component.js';
import { body } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { text } from '../../http/fields/text.js';
import { clientOf } from '../../routing/client-device.js';
import { anybody } from '../../routing/policy.js';
import { publicRoute, type RouteDefinition } from '../../routing/route.js';
import type { Tenant } from '../../tenancy/tenants.js';

const LONGEST_CODE = 50;

const LogIn = body('TenantTokenObtainPairRequest', {
  username: required(text({ min: 1, writeOnly: true })),
  password: required(text({ min: 1, writeOnly: true, keepSpaces: true })),
  /** Of the second factor, for clients that ask for it together with the password. */
  code: text({ max: LONGEST_CODE, writeOnly: true }),
});
const Refresh = body('TokenRefreshRequest', { refresh: required(text({ min: 1 })) });
const Revoke = body('TokenBlacklistRequest', { refresh: required(text({ min: 1 })) });
const Verify = body('TokenVerifyRequest', { token: required(text({ min: 1 })) });

const Refreshed = component(
  'TokenRefresh',
  Type.Object({ access: Type.String({ readOnly: true }), refresh: Type.String() }),
);
const Empty = component('Empty', Type.Object({}, { maxProperties: 0 }));

/** Returns the routes for log-in, rotation, log-out and verification of tokens. */
export function tokenRoutes(
  sessions: Sessions,
  { factor, sites }: { readonly factor: SecondFactor; readonly sites: PasskeySites },
): RouteDefinition[] {
  const common = { method: 'POST', tag: 'token', policy: anybody } as const;
  return [
    publicRoute({
      ...common,
      path: '/api/token/',
      summary: 'Logs in: an access and a refresh token for name and password.',
      body: LogIn,
      response: TokenPair,
      errors: [400, 401, 429],
      handler: async (request) => {
        const tenant = request.tenant as Tenant;
        const client = clientOf(request);
        const { code, ...credentials } = request.body.read();
        const { raw, origin } = request;
        const site = () => sites.siteOf(raw.headers.origin, origin, tenant);
        const logIn = () => sessions.logIn(tenant, credentials, client);
        return await factor.logIn(logIn, { tenant, client, code: code || undefined, site });
      },
    }),
    publicRoute({
      ...common,
      path: '/api/token/refresh/',
      summary: 'Exchanges a refresh token for a new pair; the one used is revoked.',
      body: Refresh,
      response: Refreshed,
      errors: [400, 401],
      handler: async (request) =>
        await sessions.refresh(request.tenant as Tenant, request.body.read().refresh, clientOf(request)),
    }),
    publicRoute({
      ...common,
      path: '/api/token/blacklist/',
      summary: 'Logs out: ends the session of a refresh token, with its access tokens.',
      body: Revoke,
      response: Empty,
      errors: [400, 401],
      handler: async (request) => {
        await sessions.revoke(request.tenant as Tenant, request.body.read().refresh, clientOf(request));
        return {};
      },
    }),
    publicRoute({
      ...common,
      path: '/api/token/verify/',
      summary: 'Tells whether a token is valid here.',
      body: Verify,
      response: Empty,
      errors: [400, 401],
      handler: async ({ tenant, body }) => {
        await sessions.verify(tenant as Tenant, body.read().token);
        return {};
      },
    }),
  ];
}
