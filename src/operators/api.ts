import { LoginChallenges } from '../auth/login-challenges.js';
import { SealedSecrets } from '../auth/sealed-secrets.js';
import type { Config } from '../config/config.js';
import type { KeyRing } from '../config/key-ring.js';
import type { Database } from '../database/database.js';
import { documentRoute } from '../routing/openapi/routes.js';
import type { OperatorAuthentication } from '../routing/operator-route.js';
import type { RouteDefinition } from '../routing/route.js';
import { auditRoutes } from './audit-routes.js';
import { OperatorSignIn } from './authentication.js';
import { OperatorLogIn } from './log-in.js';
import { logInRoutes } from './log-in-routes.js';
import { operatorsRoutes } from './operator-routes.js';
import { OwnPassword } from './own-password.js';
import { ownRoutes } from './own-routes.js';
import { PLATFORM_PATH } from './path.js';
import { OperatorSessions } from './sessions.js';
import { OperatorThrottle } from './throttle.js';
import { OperatorTokens } from './tokens.js';

interface OperatorsApiParts {
  readonly config: Config;
  /** The connections to the main database, where operators and the catalogue of tenants are. */
  readonly database: Database;
  readonly keys: KeyRing;
  /** Makes the API's document, once all routes are known. */
  readonly document: () => object;
}

/** Makes the operators' API: its routes, and what authenticates requests to them. */
export function operatorsApi({ config, database, keys, document }: OperatorsApiParts): {
  readonly routes: readonly RouteDefinition[];
  readonly authentication: OperatorAuthentication;
} {
  const tokens = new OperatorTokens(config, keys);
  const sessions = new OperatorSessions(database, tokens);
  const throttle = new OperatorThrottle(config.loginFailures);
  const challenges = new LoginChallenges(keys);
  const secrets = new SealedSecrets([config.secretKey, ...config.secretKeyFallbacks]);
  const logIn = new OperatorLogIn({ database, sessions, throttle, challenges, secrets });
  return {
    routes: [
      ...logInRoutes(logIn, sessions),
      ...ownRoutes(database, new OwnPassword(database, throttle)),
      ...operatorsRoutes(database),
      ...auditRoutes(database),
      documentRoute(`${PLATFORM_PATH}schema/`, 'platform', document),
    ],
    authentication: new OperatorSignIn(database, tokens),
  };
}
