import { CHANNELS, notice } from '../database/channels.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { SessionEnd } from './ended-tokens.js';
import type { SessionRow } from './session-rows.js';

/** The notice that one session of a user ended. */
export interface LogOutNotice {
  readonly schema: string;
  readonly user: number;
  /** The session's `sid`; not in the notices of earlier versions. */
  readonly sid?: string;
}

/**
 * Ends one session whose row the caller has locked: its refresh token is revoked, its access tokens are refused in every
 * process from the next request on, and its live streams end.
 */
export function endSession(
  transaction: TenantTransaction,
  schema: string,
  { id, sid, userId }: SessionRow,
  reason: SessionEnd,
): void {
  transaction.send(sql`
    WITH ended AS (
      UPDATE user_session SET ended_at = now(), end_reason = ${reason}
      WHERE id = ${id} AND (ended_at IS NULL OR end_reason = 'refresh_repeated')
      RETURNING token_id)
    INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
    SELECT o.id, clock_timestamp() FROM ended JOIN token_blacklist_outstandingtoken o ON o.id = ended.token_id
    ON CONFLICT (token_id) DO NOTHING`);
  transaction.send(notice(CHANNELS.access, schema));
  transaction.send(notice(CHANNELS.logOuts, { schema, user: userId, sid } satisfies LogOutNotice));
}
