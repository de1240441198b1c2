import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { UpdatedRow } from './later-writes.js';
import { endWork, type ImportRow } from './records.js';
import { archiveCreated, archiveWaiting, type CreatedRow } from './undo-created.js';
import { restoreUpdated } from './undo-updated.js';

const ROWS_AT_ONCE = 500;
/** Number of characters of old and new values after which no further row is undone at once. */
const VALUES_AT_ONCE = 2_000_000;

type WrittenRow = UpdatedRow & {
  readonly outcome: 'CREATED' | 'UPDATED';
  readonly state: string | null;
  /** Number of rows from which those that are undone at once were taken. */
  readonly available: number;
};

/**
 * Undoes some more rows of an import, the last ones first, so that several changes to one client are undone in turn:
 * fields that nobody changed since get their old values, and clients that nobody changed since are archived. Fields
 * that other imports changed since stay, and get the values from before this import when those imports are undone.
 * @param row the import, locked
 * @returns the updated import
 */
export async function undoRows(
  transaction: TenantTransaction,
  user: CurrentUser,
  row: ImportRow,
): Promise<ImportRow> {
  const written = await transaction.query(sql<WrittenRow>`
    SELECT "row", outcome, client, before, after, state, place, available::integer FROM (
      SELECT w.*, count(*) OVER () AS available, sum(length) OVER (ORDER BY "row" DESC) - length AS length_before
      FROM (
        SELECT row_number AS "row", outcome, client_id AS client, old_values AS before, new_values AS after, state, place,
          length(old_values::text) + length(new_values::text) AS length
        FROM client_import_row
        WHERE import_id = ${row.id} AND outcome IN ('CREATED', 'UPDATED')
          AND row_number < ${row.undo_reached ?? 2 ** 31 - 1}
        ORDER BY row_number DESC LIMIT ${ROWS_AT_ONCE}) w) measured
    WHERE length_before < ${VALUES_AT_ONCE} ORDER BY "row" DESC`);
  const { available } = written[0] ?? { available: 0 };
  const updated = written.filter(({ outcome }) => outcome === 'UPDATED');
  const created = written.filter(({ outcome }) => outcome === 'CREATED');
  const taken = [
    ...(await restoreUpdated(transaction, user, row.id, updated)),
    ...(await archiveCreated(
      transaction,
      user,
      row,
      created.map(({ row, client, state }): CreatedRow => ({ row, client, state: state ?? '' })),
    )),
  ];
  await transaction.query(sql`
    UPDATE client_import_row r SET undone = (t.because IS NULL), kept_because = t.because, waits = coalesce(t.waits, false)
    FROM json_to_recordset(${JSON.stringify(taken)}::json) AS t ("row" integer, because text, waits boolean)
    WHERE r.import_id = ${row.id} AND r.row_number = t."row"
      AND r.row_number = ANY (${taken.map(({ row: number }) => number)}::integer[])`);
  await archiveWaiting(transaction, user, row.id, [...new Set(updated.map(({ client }) => client))]);
  const kept = taken.filter(({ because }) => because !== null).length;
  const after: ImportRow = {
    ...row,
    undone: row.undone + taken.length - kept,
    kept: row.kept + kept,
    undo_reached: written.at(-1)?.row ?? row.undo_reached,
    status: available < ROWS_AT_ONCE && written.length === available ? 'UNDONE' : row.status,
  };
  await transaction.query(sql`
    UPDATE client_import SET undone = ${after.undone}, kept = ${after.kept}, undo_reached = ${after.undo_reached},
      claims = 0, error = '', updated_at = now()
    WHERE id = ${row.id}`);
  if (after.status === 'UNDONE') endWork(transaction, row.id, 'UNDONE');
  return after;
}
