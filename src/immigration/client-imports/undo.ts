import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { type ClientField, type ClientValues, columnsOf } from './client-values.js';
import { endWork, type ImportRow } from './records.js';
import { REFERENCES } from './references.js';
import { archiveCreated, type CreatedRow } from './undo-created.js';
import { updateClients } from './write.js';

const ROWS_AT_ONCE = 500;

interface WrittenRow {
  readonly row: number;
  readonly outcome: 'CREATED' | 'UPDATED';
  readonly client: number;
  readonly before: Partial<ClientValues>;
  readonly after: Partial<ClientValues>;
  readonly state: string | null;
}

/** What became of undoing a row; `because` tells why something was left as it is. */
export interface Taken {
  readonly row: number;
  readonly because: string | null;
}

type Current = ClientValues & { readonly id: number; readonly deleted: boolean };

/**
 * Takes back some more rows of an import, the last ones first, so that what several rows did to one client is undone
 * in turn: fields that nobody changed since get their old values, clients that nobody changed since are archived.
 * @param row the import, locked
 * @returns the import after it
 */
export async function undoRows(
  transaction: TenantTransaction,
  user: CurrentUser,
  row: ImportRow,
): Promise<ImportRow> {
  const written = await transaction.query(sql<WrittenRow>`
    SELECT row_number AS "row", outcome, client_id AS client, old_values AS before, new_values AS after, state
    FROM client_import_row
    WHERE import_id = ${row.id} AND outcome IN ('CREATED', 'UPDATED')
      AND row_number < ${row.undo_reached ?? 2 ** 31 - 1}
    ORDER BY row_number DESC LIMIT ${ROWS_AT_ONCE}`);
  const updated = written.filter(({ outcome }) => outcome === 'UPDATED');
  const created = written.filter(({ outcome }) => outcome === 'CREATED');
  const taken = [
    ...(await restoreUpdated(transaction, user, updated)),
    ...(await archiveCreated(
      transaction,
      user,
      created.map(({ row, client, state }): CreatedRow => ({ row, client, state: state ?? '' })),
    )),
  ];
  await transaction.query(sql`
    UPDATE client_import_row r SET undone = (t.because IS NULL), kept_because = t.because
    FROM json_to_recordset(${JSON.stringify(taken)}::json) AS t ("row" integer, because text)
    WHERE r.import_id = ${row.id} AND r.row_number = t."row"
      AND r.row_number = ANY (${taken.map(({ row: number }) => number)}::integer[])`);
  const kept = taken.filter(({ because }) => because !== null).length;
  const after: ImportRow = {
    ...row,
    undone: row.undone + taken.length - kept,
    kept: row.kept + kept,
    undo_reached: written.at(-1)?.row ?? row.undo_reached,
    status: written.length < ROWS_AT_ONCE ? 'UNDONE' : row.status,
  };
  await transaction.query(sql`
    UPDATE client_import SET undone = ${after.undone}, kept = ${after.kept}, undo_reached = ${after.undo_reached},
      claims = 0, error = '', updated_at = now()
    WHERE id = ${row.id}`);
  if (after.status === 'UNDONE') await endWork(transaction, row.id, 'UNDONE');
  return after;
}

/** Gives fields back what they had, where they still have what the import gave them. */
async function restoreUpdated(
  transaction: TenantTransaction,
  user: CurrentUser,
  rows: readonly WrittenRow[],
): Promise<Taken[]> {
  if (rows.length === 0) return [];
  const ids = [...new Set(rows.map(({ client }) => client))];
  const [clients, gone] = await Promise.all([
    transaction.query(sql<Current>`
      SELECT r.id, r.deleted_at IS NOT NULL AS deleted, ${columnsOf('r')} FROM immigration_client r
      WHERE r.id = ANY (${ids}::bigint[]) ORDER BY r.id FOR NO KEY UPDATE`),
    missingRecords(transaction, rows),
  ]);
  const current = new Map(clients.map((client) => [client.id, { ...client }]));
  const changes = new Map<number, Partial<ClientValues>>();
  const taken = rows.map(({ row, client: id, before, after }): Taken => {
    const client = current.get(id);
    if (!client) return { row, because: 'the client is gone' };
    if (client.deleted) return { row, because: 'the client was archived since' };
    if (!covers(scopeOf(user), client.branch_id)) return { row, because: 'the client is out of scope' };
    const fields = Object.keys(after) as ClientField[];
    const isFree = (field: ClientField) =>
      client[field] === after[field] && !gone.has(`${field} ${before[field]}`);
    const free = fields.filter(isFree);
    const restored = Object.fromEntries(free.map((field) => [field, before[field]])) as Partial<ClientValues>;
    if (free.length > 0) changes.set(id, { ...changes.get(id), ...restored });
    Object.assign(client, restored);
    const left = fields.filter((field) => !free.includes(field));
    return { row, because: left.length > 0 ? `changed since: ${left.join(', ')}`.slice(0, 100) : null };
  });
  await updateClients(transaction, user.id, changes);
  return taken;
}

/** Records that clients named before the import and that are no longer there, as `field id`. */
async function missingRecords(
  transaction: TenantTransaction,
  rows: readonly WrittenRow[],
): Promise<Set<string>> {
  const missing = REFERENCES.map(async (field) => {
    const ids = [...new Set(rows.map(({ before }) => before[field]).filter((id) => typeof id === 'number'))];
    if (ids.length === 0) return [];
    const found = await transaction.query(sql<{ id: number }>`
      SELECT id FROM unnest(${ids}::bigint[]) AS given (id)
      WHERE NOT EXISTS (SELECT FROM ${TABLES[field]} t WHERE t.id = given.id)`);
    return found.map(({ id }) => `${field} ${id}`);
  });
  return new Set((await Promise.all(missing)).flat());
}

const TABLES = {
  visa_category_id: sql`immigration_visacategory`,
  agent_id: sql`immigration_agent`,
  assigned_to_id: sql`immigration_user`,
  branch_id: sql`immigration_branch`,
};
