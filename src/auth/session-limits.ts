import type { Tenant } from '../tenancy/tenants.js';
import type { ReadClaims, Tokens } from './tokens.js';

/** The limits of an agency's sessions, in seconds; Infinity where there is none. */
interface SessionLimits {
  /** Time from the log-in. */
  readonly lifetime: number;
  /** Time between two uses of the refresh token, if shorter than what the token lives anyway. */
  readonly idle: number;
}

/** Returns the limits of a tenant's sessions: the platform's, or the agency's own where these are shorter. */
export function sessionLimits({ sessionLifetime }: Tokens, { sessions }: Tenant): SessionLimits {
  return {
    lifetime: Math.min(sessionLifetime || Infinity, (sessions.lifetime_hours ?? Infinity) * 3_600),
    idle: (sessions.idle_minutes ?? Infinity) * 60,
  };
}

/**
 * Returns whether a session is over, although its refresh token has not expired: the limits may be shorter now.
 * @param startedAt when the session began, in seconds since 1970
 */
export function isOver(limits: SessionLimits, { iat = 0 }: ReadClaims, startedAt: number): boolean {
  const now = Date.now() / 1000;
  return now >= startedAt + limits.lifetime || now >= iat + limits.idle;
}
