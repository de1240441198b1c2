import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { referencedTable } from '../../database/foreign-keys.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { CLIENT_LINKS, type ClientField } from '../shared/client-fields.js';
import { type ClientValues, columnsOf } from './client-values.js';
import { readLaterWrites, type UpdatedRow } from './later-writes.js';
import type { UndoneRow } from './records.js';
import { updateClients } from './write.js';

type Current = ClientValues & { readonly id: number; readonly deleted: boolean };

/**
 * Restores the old values of fields that still have the value the import gave them. If another import has changed such
 * a field since, the old value is handed on to it, for its own undoing.
 * @param rows the last ones first
 */
export async function restoreUpdated(
  transaction: TenantTransaction,
  user: CurrentUser,
  importId: number,
  rows: readonly UpdatedRow[],
): Promise<UndoneRow[]> {
  if (rows.length === 0) return [];
  const ids = [...new Set(rows.map(({ client }) => client))];
  const changed = new Set(rows.flatMap(({ after }) => Object.keys(after)));
  const [clients, gone, later] = await Promise.all([
    transaction.query(sql<Current>`
      SELECT r.id, r.deleted_at IS NOT NULL AS deleted, ${columnsOf('r', [...changed, 'branch_id'])}
      FROM immigration_client r
      WHERE r.id = ANY (${ids}::bigint[]) ORDER BY r.id FOR NO KEY UPDATE`),
    missingRecords(transaction, rows),
    readLaterWrites(transaction, importId, rows),
  ]);
  const current = new Map(clients.map((client) => [client.id, { ...client }]));
  const changes = new Map<number, Partial<ClientValues>>();
  const taken = rows.map(({ row, client: id, before, after }): UndoneRow => {
    const client = current.get(id);
    if (!client) return { row, because: 'the client is gone' };
    if (client.deleted) return { row, because: 'the client was archived since' };
    if (!covers(scopeOf(user), client.branch_id)) return { row, because: 'the client is out of scope' };
    const fields = Object.keys(after) as ClientField[];
    const overwritten = fields.filter((field) => later.isOverwritten(row, field));
    const handedOn = overwritten.filter((field) => later.handOn(row, field, after[field], before[field]));
    const isFree = (field: ClientField) =>
      client[field] === after[field] && !gone.has(`${field} ${before[field]}`);
    const free = fields.filter((field) => !overwritten.includes(field) && isFree(field));
    const restored = Object.fromEntries(free.map((field) => [field, before[field]])) as Partial<ClientValues>;
    if (free.length > 0) changes.set(id, { ...changes.get(id), ...restored });
    Object.assign(client, restored);
    const left = fields.filter((field) => !free.includes(field) && !handedOn.includes(field));
    return { row, because: left.length > 0 ? `changed since: ${left.join(', ')}`.slice(0, 100) : null };
  });
  await Promise.all([updateClients(transaction, user.id, changes), later.save(transaction)]);
  return taken;
}

/** Finds records that clients referenced before the import and that no longer exist, as `field id`. */
async function missingRecords(
  transaction: TenantTransaction,
  rows: readonly UpdatedRow[],
): Promise<Set<string>> {
  const missing = CLIENT_LINKS.map(async (field) => {
    const ids = [...new Set(rows.map(({ before }) => before[field]).filter((id) => typeof id === 'number'))];
    if (ids.length === 0) return [];
    const found = await transaction.query(sql<{ id: number }>`
      SELECT id FROM unnest(${ids}::bigint[]) AS given (id)
      WHERE NOT EXISTS (SELECT FROM ${sql.ref(referencedTable('immigration_client', field))} t WHERE t.id = given.id)`);
    return found.map(({ id }) => `${field} ${id}`);
  });
  return new Set((await Promise.all(missing)).flat());
}
