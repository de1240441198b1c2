import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { stateOf } from './client-values.js';
import { STANDS } from './later-writes.js';
import type { ImportRow, UndoneRow } from './records.js';
import { isUsed } from './used-clients.js';

/** A row of an import that created a client, with the client's state at that time. */
export interface CreatedRow {
  readonly row: number;
  readonly client: number;
  readonly state: string;
}

interface CreatedClient {
  readonly id: number;
  readonly branch: number | null;
  readonly deleted: boolean;
  readonly state: string;
  readonly used: boolean;
  /** Whether imports that were not undone have changed it. */
  readonly imported: boolean;
}

/** Archives the clients that are still as the import created them. */
export async function archiveCreated(
  transaction: TenantTransaction,
  user: CurrentUser,
  { id: importId, state_fields }: Pick<ImportRow, 'id' | 'state_fields'>,
  rows: readonly CreatedRow[],
): Promise<UndoneRow[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ client }) => client);
  const found = await transaction.query(sql<CreatedClient>`
    SELECT r.id, r.branch_id AS branch, r.deleted_at IS NOT NULL AS deleted, ${stateOf(state_fields)} AS state,
      ${isUsed('r.id')} AS used,
      EXISTS (SELECT FROM client_import_row l JOIN client_import i ON i.id = l.import_id
              WHERE l.client_id = r.id AND l.import_id <> ${importId} AND ${STANDS}) AS imported
    FROM immigration_client r WHERE r.id = ANY (${ids}::bigint[]) ORDER BY r.id FOR NO KEY UPDATE OF r`);
  const clients = new Map(found.map((client) => [client.id, client]));
  const archived: number[] = [];
  const taken = rows.map(({ row, client: id, state }): UndoneRow => {
    const client = clients.get(id);
    // A deleted or archived client is already where undoing would put it.
    if (!client || client.deleted) return { row, because: null };
    if (!covers(scopeOf(user), client.branch)) return { row, because: 'the client is out of scope' };
    if (client.used) return { row, because: 'something was added to the client since' };
    if (client.state !== state) {
      return client.imported
        ? {
            row,
            because: 'another import has changed the client since; it is archived when that is undone',
            waits: true,
          }
        : { row, because: 'the client was changed since' };
    }
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

interface WaitingRow extends CreatedRow {
  readonly import_id: number;
  readonly state_fields: readonly string[];
}

/**
 * Archives clients whose creation was undone while changes by other imports remained, once those are undone too.
 * @param importId the import that has just been undone
 * @param clients the clients whose fields it has restored
 */
export async function archiveWaiting(
  transaction: TenantTransaction,
  user: CurrentUser,
  importId: number,
  clients: readonly number[],
): Promise<void> {
  if (clients.length === 0) return;
  const waiting = await transaction.query(sql<WaitingRow>`
    SELECT l.import_id, l.row_number AS "row", l.client_id AS client, l.state, i.state_fields
    FROM client_import_row l JOIN client_import i ON i.id = l.import_id
    WHERE l.client_id = ANY (${clients}::bigint[]) AND l.outcome = 'CREATED' AND l.waits AND l.import_id <> ${importId}
    ORDER BY l.import_id, l.row_number FOR NO KEY UPDATE OF i`);
  for (const id of new Set(waiting.map(({ import_id }) => import_id))) {
    const rows = waiting.filter(({ import_id }) => import_id === id);
    const [{ state_fields }] = rows as [WaitingRow];
    const taken = await archiveCreated(transaction, user, { id, state_fields }, rows);
    const done = taken.filter(({ because }) => because === null).length;
    await transaction.query(sql`
      UPDATE client_import_row r SET undone = (t.because IS NULL), kept_because = t.because, waits = coalesce(t.waits, false)
      FROM json_to_recordset(${JSON.stringify(taken)}::json) AS t ("row" integer, because text, waits boolean)
      WHERE r.import_id = ${id} AND r.row_number = t."row"`);
    if (done > 0) {
      await transaction.query(sql`
        UPDATE client_import SET undone = undone + ${done}, kept = kept - ${done} WHERE id = ${id}`);
    }
  }
}
