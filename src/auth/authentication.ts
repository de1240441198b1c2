import { unauthorized } from '../http/errors.js';
import { isId } from '../http/path-id.js';
import { nameSince, wasNamed } from '../tenancy/former-names.js';
import { type Tenant, tenantName } from '../tenancy/tenants.js';
import { type CurrentUser, type CurrentUsers, hasManyEnded } from './current-user.js';
import { ForeignTokenError } from './foreign-token.js';
import type { SessionUse } from './session-use.js';
import { type Claims, InvalidTokenError, type ReadClaims, type Tokens } from './tokens.js';

/** A user with a valid token; times in seconds since 1970. */
export interface SignedIn {
  readonly user: CurrentUser;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The session's `sid`; null for a token from before there were sessions. */
  readonly sessionId: string | null;
}

/** Authenticates requests, in the contract's order of checks; the messages are SimpleJWT's. */
export class Authentication {
  constructor(
    private readonly tokens: Tokens,
    private readonly users: CurrentUsers,
    private readonly use?: Pick<SessionUse, 'note'>,
  ) {}

  /**
   * Returns the active user of this tenant whose access token the header holds, and the times of that token.
   * @throws HttpError 401
   */
  async authenticate(header: string | undefined, tenant: Tenant): Promise<SignedIn> {
    const claims = this.#accessClaims(bearerToken(header));
    checkTenant(claims, tenant, () => invalidAccessToken('Token is invalid'));
    const id = userIdOf(claims);
    const user = await this.users.byId(tenant, id);
    if (!user) throw unauthorized('User not found', { code: 'user_not_found' });
    if (!user.isActive) throw unauthorized('User is inactive', { code: 'user_inactive' });
    const issuedAt = claims.iat as number;
    const sessionId = typeof claims.sid === 'string' ? claims.sid : null;
    const { endedSessions } = user;
    if (issuedAt < user.tokensFrom) throw invalidAccessToken('Token is blacklisted');
    if (endedSessions.size > 0 && sessionId !== null) {
      const isKnown = endedSessions.has(sessionId) || endedSessions.has(claims.jti);
      if (isKnown || (hasManyEnded(user) && (await this.users.isEnded(tenant, sessionId, claims.jti)))) {
        throw invalidAccessToken('Token is blacklisted');
      }
    }
    if (sessionId !== null) this.use?.note(tenant.schema, sessionId);
    return { user, issuedAt, expiresAt: claims.exp as number, sessionId };
  }

  #accessClaims(token: string): ReadClaims {
    try {
      return this.tokens.read(token, 'access');
    } catch (error) {
      if (error instanceof InvalidTokenError) throw invalidAccessToken(error.message);
      throw error;
    }
  }
}

/** Returns the token of an Authorization header. Any scheme other than Bearer counts as no credentials. @throws HttpError 401 */
export function bearerToken(header: string | undefined): string {
  const parts = header?.trim().split(/\s+/) ?? [];
  if (parts[0] !== 'Bearer') throw unauthorized('Authentication credentials were not provided.');
  if (parts.length !== 2) {
    throw unauthorized('Authorization header must contain two space-delimited values', {
      code: 'bad_authorization_header',
    });
  }
  return parts[1] as string;
}

/** Returns the answer to an access token that is no good. */
export function invalidAccessToken(message: string) {
  return unauthorized('Given token not valid for any token type', {
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  });
}

/**
 * Checks that a token is this tenant's: by its name or, from before a renaming, a former one, and not older than the tenant
 * or its name, since a name can be used again.
 * @param invalid the error for a token of an earlier tenant of that name, or whose `aud` is another
 */
export function checkTenant(claims: Partial<Claims>, tenant: Tenant, invalid: () => Error): void {
  const expected = tenantName(tenant);
  if (typeof claims.tid !== 'string' || claims.tid === '') {
    throw unauthorized('Invalid token: missing tenant information. Please log in again.');
  }
  const isFormer = typeof claims.iat === 'number' && wasNamed(tenant.formerNames, claims.tid, claims.iat);
  if (claims.tid !== expected && !isFormer) {
    const answer = unauthorized(
      `Token is not valid for this tenant. Please log in at the correct subdomain. (Expected: ${expected}, Got: ${claims.tid})`,
    );
    throw new ForeignTokenError(answer, claims.tid, String(claims.user_id));
  }
  const isForAnother = claims.aud !== undefined && claims.aud !== claims.tid;
  const since = isFormer ? tenant.createdAt : Math.max(tenant.createdAt, nameSince(tenant.formerNames));
  if (isForAnother || typeof claims.iat !== 'number' || claims.iat < since) throw invalid();
}

const DIGITS = /^\d{1,16}$/;
const NOBODY = 0;

/**
 * Returns the user's id in a token; an id of no user where it is malformed.
 * @throws HttpError 401 when there is none
 */
export function userIdOf({ user_id: id }: { readonly user_id?: unknown }): number {
  if (id === undefined || id === null) {
    throw unauthorized('Token contained no recognizable user identification', { code: 'token_not_valid' });
  }
  const number = typeof id === 'number' || (typeof id === 'string' && DIGITS.test(id)) ? Number(id) : NOBODY;
  return isId(number) ? number : NOBODY;
}
