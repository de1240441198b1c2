import { clientOf } from '../routing/client-device.js';
import { anybody } from '../routing/policy.js';
import { publicRoute, type RouteDefinition } from '../routing/route.js';
import type { OperatorLogIn } from './log-in.js';
import { PLATFORM_PATH } from './path.js';
import {
  ChallengeBody,
  CodeBody,
  EnrolledOutput,
  LogIn,
  NewTotpOutput,
  NextStepOutput,
  PairOutput,
  RefreshBody,
} from './schemas.js';
import type { OperatorSessions } from './sessions.js';

/** Returns the routes by which operators log in, in two steps, and get new tokens. */
export function logInRoutes(logIn: OperatorLogIn, sessions: OperatorSessions): RouteDefinition[] {
  const common = { method: 'POST', tag: 'log-in', policy: anybody, hosts: 'platform' } as const;
  const path = `${PLATFORM_PATH}login/`;
  return [
    publicRoute({
      ...common,
      path,
      summary: 'Begins a log-in by name and password; the answer is a challenge for the next step.',
      body: LogIn,
      response: NextStepOutput,
      errors: [400, 401, 429],
      handler: async (request) => {
        const { username, password } = request.body.read();
        return await logIn.begin(username, password, clientOf(request));
      },
    }),
    publicRoute({
      ...common,
      path: `${path}second-factor/`,
      summary: "Finishes a log-in by a code of the operator's authenticator app, or a recovery code.",
      body: CodeBody,
      response: PairOutput,
      errors: [400, 401, 429],
      handler: async (request) => {
        const { challenge, code } = request.body.read();
        return await logIn.answer(challenge, code, clientOf(request));
      },
    }),
    publicRoute({
      ...common,
      path: `${path}enrol/`,
      summary: 'Begins the set-up of an authenticator app, for an operator who has none.',
      body: ChallengeBody,
      response: NewTotpOutput,
      errors: [400, 401],
      handler: async ({ body }) => await logIn.enrol(body.read().challenge),
    }),
    publicRoute({
      ...common,
      path: `${path}enrol/confirm/`,
      summary: "Finishes the set-up by the app's first code, and the log-in.",
      body: CodeBody,
      response: EnrolledOutput,
      errors: [400, 401, 429],
      handler: async (request) => {
        const { challenge, code } = request.body.read();
        return await logIn.confirm(challenge, code, clientOf(request));
      },
    }),
    publicRoute({
      ...common,
      path: `${PLATFORM_PATH}token/refresh/`,
      summary: 'Exchanges a refresh token for a new pair; a token that was used before ends its session.',
      body: RefreshBody,
      response: PairOutput,
      errors: [400, 401],
      handler: async (request) => await sessions.refresh(request.body.read().refresh, clientOf(request)),
    }),
  ];
}
