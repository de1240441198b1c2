import type { FactorOwner } from '../../auth/factor-proof.js';
import type { OwnSecondFactor } from '../../auth/own-second-factor.js';
import type { PasskeySites } from '../../auth/passkey-sites.js';
import type { Database } from '../../database/database.js';
import { pathId } from '../../http/path-id.js';
import { clientOf } from '../../routing/client-device.js';
import { signedIn } from '../../routing/policy.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { ownPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { SecondFactorStatus } from '../shared/second-factor-status.js';
import {
  NewFactor,
  NewPasskeyBody,
  NewTotpOutput,
  PasskeyOptionsOutput,
  PasskeyOutput,
  PasskeyPatch,
  Proof,
  RecoveryCodes,
  TotpCode,
  USUAL_NAME,
} from './schemas.js';
import { listPasskeys, readPasskey, readStatus } from './selectors.js';
import { registrationIn, renamePasskey } from './services.js';

const PATH = '/api/v1/second-factor/';
const PASSKEYS = `${PATH}passkeys/`;
const tag = 'second-factor';

/** Returns the routes of a user's own second factors. */
export function secondFactorRoutes(
  database: Database,
  { own, sites }: { readonly own: OwnSecondFactor; readonly sites: PasskeySites },
): RouteDefinition[] {
  const passkeys = resourceRoutes(database, {
    path: PASSKEYS,
    tag,
    thing: 'Passkey',
    one: "one of the user's passkeys",
    many: "user's passkeys",
    policy: ownPolicy,
    output: PasskeyOutput,
  });
  const common = { method: 'POST', tag, policy: signedIn, errors: [400, 429] } as const;
  const ownerOf = (request: UserRequest): FactorOwner => ({
    tenant: request.tenant,
    user: request.user,
    client: clientOf(request),
  });
  const siteOf = ({ raw, origin, tenant }: UserRequest) => sites.siteOf(raw.headers.origin, origin, tenant);
  return [
    route({
      method: 'GET',
      path: PATH,
      tag,
      summary: 'The second factors of the user who asks.',
      policy: signedIn,
      response: SecondFactorStatus,
      handler: async ({ context, tenant, user }) =>
        await database.tenantTransaction(context, (transaction) => readStatus(transaction, tenant, user)),
    }),
    route({
      ...common,
      path: `${PATH}totp/`,
      summary:
        'Begins the set-up of an authenticator app; a present one stays until the new one is confirmed.',
      body: Proof,
      response: NewTotpOutput,
      handler: async (request) => await own.beginTotp(ownerOf(request), request.body.read()),
    }),
    route({
      ...common,
      path: `${PATH}totp/confirm/`,
      summary: "Finishes it by the app's first code; a first second factor comes with recovery codes.",
      body: TotpCode,
      response: NewFactor,
      errors: [400],
      handler: async (request) => ({
        recovery_codes: await own.confirmTotp(ownerOf(request), request.body.read().code),
      }),
    }),
    route({
      ...common,
      path: `${PATH}totp/remove/`,
      summary: 'Removes the authenticator app.',
      body: Proof,
      status: 204,
      handler: async (request) => await own.removeTotp(ownerOf(request), request.body.read()),
    }),
    route({
      ...common,
      path: `${PATH}recovery-codes/`,
      summary: 'Replaces the recovery codes by ten new ones.',
      body: Proof,
      response: RecoveryCodes,
      handler: async (request) => ({
        recovery_codes: await own.newRecoveryCodes(ownerOf(request), request.body.read()),
      }),
    }),
    route({
      ...common,
      path: `${PASSKEYS}options/`,
      summary:
        'Returns what the browser needs for a new passkey: the argument of navigator.credentials.create.',
      body: Proof,
      response: PasskeyOptionsOutput,
      handler: async (request) =>
        await own.passkeyOptions(ownerOf(request), request.body.read(), await siteOf(request)),
    }),
    passkeys.list((transaction, user, page) => listPasskeys(transaction, user, page), {
      errors: [404],
      fromReplica: false,
    }),
    route({
      ...common,
      path: PASSKEYS,
      summary: 'Adds a passkey; a first second factor comes with recovery codes.',
      body: NewPasskeyBody,
      status: 201,
      response: NewFactor,
      errors: [400],
      handler: async (request) => {
        const { name = USUAL_NAME, passkey } = request.body.read();
        const site = await siteOf(request);
        const answer = registrationIn(passkey);
        return { recovery_codes: await own.addPasskey(ownerOf(request), { name, answer, site }) };
      },
    }),
    passkeys.read((transaction, user, id) => readPasskey(transaction, user, id)),
    ...passkeys.change({ PATCH: PasskeyPatch }, renamePasskey),
    route({
      ...common,
      path: `${PASSKEYS}:id/remove/`,
      summary: 'Removes a passkey.',
      body: Proof,
      status: 204,
      errors: [400, 404, 429],
      handler: async (request) => {
        const id = pathId(request.params.id, 'Passkey');
        const { context, user } = request;
        await database.tenantTransaction(context, (transaction) => readPasskey(transaction, user, id)); // or 404
        await own.removePasskey(ownerOf(request), id, request.body.read());
      },
    }),
  ];
}
