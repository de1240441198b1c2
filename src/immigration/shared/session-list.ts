import { type Static, Type } from '@sinclair/typebox';
import { isOpenSession } from '../../auth/session-rows.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { select, selection } from './columns.js';
import { idOutput, timeOutput } from './output.js';
import { pageOf } from './page-of.js';

/** A session, as its user and admins see it. */
export const SessionOutput = component(
  'SessionOutput',
  Type.Object({
    id: idOutput(),
    created_at: timeOutput(),
    expires_at: timeOutput(),
    current: nullableSchema(
      Type.Boolean({ description: 'whether it is the one that asks; null where its token does not tell' }),
    ),
    device: Type.String({ description: 'browser and system, or program: `Firefox on Windows`' }),
    address: Type.String({ description: 'of the latest log-in or exchange of a refresh token' }),
    last_used_at: timeOutput(),
  }),
);
type SessionOutput = Static<typeof SessionOutput>;

/**
 * Reads a page of a user's open sessions, newest first.
 * @param sid the session that asks; null where that is unknown
 */
export async function listSessions(
  transaction: TenantTransaction,
  userId: number,
  sid: string | null,
  page: PageRequest,
): Promise<Pending<PageOf<SessionOutput>>> {
  const open = isOpenSession(userId);
  const counting = sql<{ count: number }>`
    SELECT count(*) AS count FROM token_blacklist_outstandingtoken o WHERE ${open}`;
  const columns = selection<SessionOutput>({
    id: sql`coalesce(s.id, o.id)`,
    created_at: sql`coalesce(s.created_at, o.created_at)`,
    expires_at: sql`o.expires_at`,
    current: sql`CASE WHEN ${sid}::text IS NOT NULL THEN coalesce(s.sid = ${sid}, false) END`,
    device: sql`coalesce(s.device, '')`,
    address: sql`coalesce(s.address, '')`,
    last_used_at: sql`coalesce(s.last_used_at, o.created_at)`,
  });
  const rows = select(
    columns,
    sql`FROM token_blacklist_outstandingtoken o LEFT JOIN user_session s ON s.token_id = o.id
        WHERE ${open} ORDER BY coalesce(s.created_at, o.created_at) DESC, coalesce(s.id, o.id) DESC`,
  );
  return await pageOf(transaction, counting, rows, page);
}
