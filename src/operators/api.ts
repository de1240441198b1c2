import type { Config } from '../config/config.js';
import type { KeyRing } from '../config/key-ring.js';
import type { Database } from '../database/database.js';
import type { OperatorAuthentication } from '../routing/operator-route.js';
import type { RouteDefinition } from '../routing/route.js';
import { OperatorSignIn } from './authentication.js';
import { OperatorTokens } from './tokens.js';

interface OperatorsApiParts {
  readonly config: Config;
  /** The connections to the main database, where operators and the catalogue of tenants are. */
  readonly database: Database;
  readonly keys: KeyRing;
}

/** Makes the operators' API: its routes, and what authenticates requests to them. */
export function operatorsApi({ config, database, keys }: OperatorsApiParts): {
  readonly routes: readonly RouteDefinition[];
  readonly authentication: OperatorAuthentication;
} {
  const tokens = new OperatorTokens(config, keys);
  return { routes: [], authentication: new OperatorSignIn(database, tokens) };
}
