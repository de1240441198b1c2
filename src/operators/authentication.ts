import { bearerToken, invalidAccessToken, userIdOf } from '../auth/authentication.js';
import { InvalidTokenError } from '../auth/tokens.js';
import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { OperatorAuthentication, SignedInOperator } from '../routing/operator-route.js';
import { OWN_ROLE, ROLE_OF } from './accounts.js';
import type { OperatorClaims, OperatorTokens } from './tokens.js';

interface OpenSession {
  readonly sessionId: number;
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly role: SignedInOperator['operator']['role'];
}

/**
 * Authenticates operators' requests. Session and operator are read for each of them: an ended session, a lost role or a
 * deactivated operator counts at once, in all processes.
 */
export class OperatorSignIn implements OperatorAuthentication {
  constructor(
    private readonly database: Database,
    private readonly tokens: OperatorTokens,
  ) {}

  /** Returns the operator whose access token the header holds. @throws HttpError 401 */
  async authenticate(header: string | undefined): Promise<SignedInOperator> {
    const claims = this.#claims(bearerToken(header));
    const [found] = await this.database.platformTransaction(async (transaction) =>
      transaction.send(openSession(claims.sid, userIdOf(claims))),
    );
    if (!found) throw invalidAccessToken('Token is blacklisted');
    const { sessionId, ...operator } = found;
    return { operator, sessionId };
  }

  #claims(token: string): OperatorClaims {
    try {
      const claims = this.tokens.read(token, 'access');
      if (claims) return claims;
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      throw invalidAccessToken(error.message);
    }
    throw invalidAccessToken('Token is invalid');
  }
}

const openSession = (sid: string, operatorId: number) => sql<OpenSession>`
  SELECT s.id AS "sessionId", u.id, u.username, u.email, ${ROLE_OF} AS role
  FROM public.operator_session s JOIN public.auth_user u ON u.id = s.operator_id ${OWN_ROLE}
  WHERE s.sid = ${sid} AND s.operator_id = ${operatorId} AND s.ended_at IS NULL AND s.ends_at > now() AND u.is_active`;
