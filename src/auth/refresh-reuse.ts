import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { ClientDevice } from './client-device.js';
import { endSession } from './end-session.js';
import { recordSecurityEvent } from './security-log.js';
import type { SessionRow } from './session-rows.js';
import type { ReadClaims } from './tokens.js';

/** A request with a refresh token that is revoked already. */
interface Reuse {
  readonly claims: ReadClaims;
  /** The token's session, locked; undefined where it has none. */
  readonly session: SessionRow | undefined;
  readonly client: ClientDevice;
  /** On the clock of `performance`, in milliseconds. */
  readonly arrivedAt: number;
}

/**
 * Seconds after an exchange within which the same token, used again, may be the repetition of a client that did not get,
 * or not keep, the answer. Then the access tokens from before the exchange go on, as such clients use them.
 */
const REPEATED_WITHIN = 10;

/**
 * Ends the session of a refresh token that had been spent before this request arrived, and records it: one of the two who
 * used it is not the user. Of two requests under way at once, as of two tabs of a browser, the later one ends nothing.
 */
export async function endIfReused(
  transaction: TenantTransaction,
  schema: string,
  { claims, session, client, arrivedAt }: Reuse,
): Promise<void> {
  if (session?.isWhollyEnded) return;
  // Spans are compared, since the clocks of two machines differ.
  const sinceArrival = (performance.now() - arrivedAt) / 1000;
  const [spent] = await transaction.query(timeSinceSpent(claims.jti));
  // The session's present token is revoked only when it ends.
  if (!spent || spent.id === session?.tokenId || spent.seconds < sinceArrival) return;
  const isRepeated = spent.seconds < REPEATED_WITHIN && spent.id === session?.spentTokenId;
  if (isRepeated && session?.isEnded) return;
  if (session) endSession(transaction, schema, session, isRepeated ? 'refresh_repeated' : 'refresh_reused');
  const userId = session?.userId ?? spent.userId;
  recordSecurityEvent(transaction, {
    kind: 'refresh_reused',
    userId,
    sessionId: session?.sid ?? null,
    from: client,
  });
}

const timeSinceSpent = (jti: string) => sql<{ id: number; seconds: number; userId: number | null }>`
  SELECT o.id, extract(epoch FROM clock_timestamp() - b.blacklisted_at)::float8 AS seconds, o.user_id AS "userId"
  FROM token_blacklist_blacklistedtoken b JOIN token_blacklist_outstandingtoken o ON o.id = b.token_id
  WHERE o.jti = ${jti}`;
