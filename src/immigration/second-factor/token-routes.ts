import type { FactorEnrolment } from '../../auth/factor-enrolment.js';
import type { PasskeySites } from '../../auth/passkey-sites.js';
import type { SecondFactor } from '../../auth/second-factor.js';
import { TokenPair } from '../../auth/token-pair.js';
import { invalidField } from '../../http/errors.js';
import { clientOf } from '../../routing/client-device.js';
import { anybody } from '../../routing/policy.js';
import { publicRoute, type RouteDefinition, type TenantRequest } from '../../routing/route.js';
import type { Tenant } from '../../tenancy/tenants.js';
import {
  EnrolledLogInOutput,
  EnrolmentChallenge,
  EnrolmentCode,
  EnrolmentPasskey,
  NewTotpOutput,
  PasskeyLogIn,
  PasskeyOptionsOutput,
  SecondFactorLogIn,
  USUAL_NAME,
} from './schemas.js';
import { assertionIn, registrationIn } from './services.js';

const PATH = '/api/token/second-factor/';
const ENROLMENT = `${PATH}enrolment/`;

/** The dependencies of the routes on log-ins with a second factor. */
export interface FactorTokenParts {
  readonly factor: SecondFactor;
  readonly enrolment: FactorEnrolment;
  readonly sites: PasskeySites;
}

/** Returns the routes by which a log-in goes on with the second factor, or with the set-up of the first one. */
export function secondFactorTokenRoutes({ factor, enrolment, sites }: FactorTokenParts): RouteDefinition[] {
  const common = { method: 'POST', tag: 'token', policy: anybody, errors: [400, 401, 429] } as const;
  const siteOf = ({ raw, origin, tenant }: TenantRequest) =>
    sites.siteOf(raw.headers.origin, origin, tenant as Tenant);
  return [
    publicRoute({
      ...common,
      path: PATH,
      summary: 'Goes on with a log-in by the second factor: a code, or the answer of a passkey.',
      body: SecondFactorLogIn,
      response: TokenPair,
      handler: async (request) => {
        const { challenge, code, passkey } = request.body.read();
        if (code === undefined && !passkey) throw invalidField('code', 'Give a code, or a passkey.');
        const answer =
          code !== undefined
            ? { code }
            : { passkey: assertionIn(passkey as NonNullable<typeof passkey>), site: await siteOf(request) };
        return await factor.answer(request.tenant as Tenant, challenge, answer, clientOf(request));
      },
    }),
    publicRoute({
      ...common,
      path: `${ENROLMENT}totp/`,
      summary: 'Begins the set-up of an authenticator app that the agency requires, in a log-in.',
      body: EnrolmentChallenge,
      response: NewTotpOutput,
      errors: [400, 401],
      handler: async (request) =>
        await enrolment.newTotp(request.tenant as Tenant, request.body.read().challenge, clientOf(request)),
    }),
    publicRoute({
      ...common,
      path: `${ENROLMENT}totp/confirm/`,
      summary: "Finishes it by the app's first code, and the log-in.",
      body: EnrolmentCode,
      response: EnrolledLogInOutput,
      errors: [400, 401],
      handler: async (request) => {
        const { challenge, code } = request.body.read();
        return await enrolment.useTotp(request.tenant as Tenant, challenge, code, clientOf(request));
      },
    }),
    publicRoute({
      ...common,
      path: `${ENROLMENT}passkey/`,
      summary: 'Begins the set-up of a passkey that the agency requires, in a log-in.',
      body: EnrolmentChallenge,
      response: PasskeyOptionsOutput,
      errors: [400, 401],
      handler: async (request) =>
        await enrolment.passkeyOptions(
          request.tenant as Tenant,
          request.body.read().challenge,
          await siteOf(request),
          clientOf(request),
        ),
    }),
    publicRoute({
      ...common,
      path: `${ENROLMENT}passkey/confirm/`,
      summary: 'Finishes it by the new passkey, and the log-in.',
      body: EnrolmentPasskey,
      response: EnrolledLogInOutput,
      errors: [400, 401],
      handler: async (request) => {
        const { challenge, name = USUAL_NAME, passkey } = request.body.read();
        const made = { name, answer: registrationIn(passkey), site: await siteOf(request) };
        return await enrolment.usePasskey(request.tenant as Tenant, challenge, made, clientOf(request));
      },
    }),
    publicRoute({
      ...common,
      path: '/api/token/passkey/options/',
      summary: 'Returns what the browser needs for a log-in with a passkey alone.',
      response: PasskeyOptionsOutput,
      errors: [400],
      handler: async (request) =>
        await factor.passkeyLogInOptions(request.tenant as Tenant, await siteOf(request)),
    }),
    publicRoute({
      ...common,
      path: '/api/token/passkey/',
      summary: 'Logs in with a passkey alone, without name and password.',
      body: PasskeyLogIn,
      response: TokenPair,
      errors: [400, 401],
      handler: async (request) => {
        const passkey = assertionIn(request.body.read().passkey);
        const site = await siteOf(request);
        return await factor.passkeyLogIn(request.tenant as Tenant, passkey, site, clientOf(request));
      },
    }),
  ];
}
