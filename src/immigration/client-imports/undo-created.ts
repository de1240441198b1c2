import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { STATE } from './client-values.js';
import type { Taken } from './undo.js';

/** A row of an import that created a client, and what that was then. */
export interface CreatedRow {
  readonly row: number;
  readonly client: number;
  readonly state: string;
}

interface Found {
  readonly id: number;
  readonly branch: number | null;
  readonly deleted: boolean;
  readonly state: string;
  readonly used: boolean;
}

/** Whether somebody has added something to the client `r` since: that would vanish from the lists with it. */
const USED = sql<boolean>`
  EXISTS (SELECT FROM immigration_note t WHERE t.client_id = r.id)
  OR EXISTS (SELECT FROM immigration_profilepicture t WHERE t.client_id = r.id)
  OR EXISTS (SELECT FROM immigration_passport t WHERE t.id = r.id)
  OR EXISTS (SELECT FROM immigration_proficiency t WHERE t.client_id = r.id)
  OR EXISTS (SELECT FROM immigration_qualification t WHERE t.client_id = r.id)
  OR EXISTS (SELECT FROM immigration_employment t WHERE t.client_id = r.id)
  OR EXISTS (SELECT FROM immigration_visaapplication t WHERE t.client_id = r.id)
  OR EXISTS (SELECT FROM immigration_collegeapplication t WHERE t.client_id = r.id)
  OR EXISTS (SELECT FROM immigration_task t WHERE t.content_type_id = kind.id AND t.object_id = r.id)
  OR EXISTS (SELECT FROM immigration_reminder t WHERE t.content_type_id = kind.id AND t.object_id = r.id)`;

/** Archives the clients that are still what the import made of them. */
export async function archiveCreated(
  transaction: TenantTransaction,
  user: CurrentUser,
  rows: readonly CreatedRow[],
): Promise<Taken[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ client }) => client);
  const found = await transaction.query(sql<Found>`
    SELECT r.id, r.branch_id AS branch, r.deleted_at IS NOT NULL AS deleted, ${STATE} AS state, ${USED} AS used
    FROM immigration_client r,
      (SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client') kind
    WHERE r.id = ANY (${ids}::bigint[]) ORDER BY r.id FOR NO KEY UPDATE OF r`);
  const clients = new Map(found.map((client) => [client.id, client]));
  const archived: number[] = [];
  const taken = rows.map(({ row, client: id, state }): Taken => {
    const client = clients.get(id);
    // One that is gone or archived already is where undoing would have put it.
    if (!client || client.deleted) return { row, because: null };
    if (!covers(scopeOf(user), client.branch)) return { row, because: 'the client is out of scope' };
    if (client.state !== state) return { row, because: 'the client was changed since' };
    if (client.used) return { row, because: 'something was added to the client since' };
    archived.push(id);
    return { row, because: null };
  });
  if (archived.length > 0) {
    await transaction.query(sql`
      UPDATE immigration_client SET deleted_at = now(), updated_at = now(), updated_by_id = ${user.id}
      WHERE id = ANY (${archived}::bigint[])`);
  }
  return taken;
}
