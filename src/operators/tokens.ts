import { type IssuedToken, type ReadClaims, Tokens, type TokenType } from '../auth/tokens.js';
import type { Config } from '../config/config.js';
import type { KeyRing } from '../config/key-ring.js';
import type { Operator } from '../routing/operator-route.js';

/** The claim `iss` of operators' tokens, which tenants' routes refuse, as operators' refuse any other. */
const ISSUER = 'leopard-platform';
/** The claims `aud` and `tid`: no tenant, not even one of that name, since the issuer differs. */
const AUDIENCE = 'platform';

/** The claims of an operator's valid token. */
export interface OperatorClaims extends ReadClaims {
  readonly sid: string;
}

/** Issues and verifies the tokens of operators, with the program's keys. */
export class OperatorTokens {
  readonly #tokens: Tokens;
  readonly lifetime: number;

  constructor({ secretKey, sessions, operators }: Config, keys: KeyRing) {
    this.lifetime = operators.sessionLifetime;
    const settings = {
      secretKey,
      sessions,
      accessTokenLifetime: operators.accessTokenLifetime,
      refreshTokenLifetime: operators.sessionLifetime,
    };
    this.#tokens = new Tokens(settings, keys, ISSUER);
  }

  /** Issues a token of a session. @param until the session's end, in seconds since 1970 */
  issue(
    type: TokenType,
    { id, username }: Pick<Operator, 'id' | 'username'>,
    sid: string,
    until: number,
  ): IssuedToken {
    const holder = { user_id: String(id), tid: AUDIENCE, sid, email: '', username, groups: [] };
    return this.#tokens.issue(type, holder, { until });
  }

  /** Returns the claims of a token; null where it is none of an operator. @throws InvalidTokenError */
  read(token: string, type: TokenType): OperatorClaims | null {
    const claims = this.#tokens.read(token, type);
    const isOurs = claims.aud === AUDIENCE && claims.tid === AUDIENCE && typeof claims.sid === 'string';
    return isOurs ? (claims as OperatorClaims) : null;
  }
}
