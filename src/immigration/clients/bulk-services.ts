import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { invalid, invalidField } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';
import { checkAssignment } from '../shared/assignment.js';
import { outOfScope } from '../shared/client-access.js';
import { clientConditions, readClientFilters } from '../shared/client-filters.js';
import type { TenantTime } from '../shared/tenant-time.js';
import { type BulkResult, type ClientSelection, MOST_CLIENTS } from './bulk-schemas.js';
import type { STAGES } from './schemas.js';
import { clients } from './selectors.js';

// Changes many clients at once, by the rules for one: all of them or none. It takes one statement, so the same triggers
// write events, audit log and counts for each client.

/** Maximum number of wrong ids in an error. */
const MOST_TOLD = 10;

interface BulkChange {
  /** Whether it applies to archived clients. */
  readonly ofArchived: boolean;
  /** The assignments of the UPDATE. */
  readonly set: Sql;
  /** The condition that it changes something in row `r`. */
  readonly differs: Sql<boolean>;
}

/** Assigns clients to a user, or to nobody. @throws HttpError 400, 403 */
export async function assignClients(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
  { assigned_to_id: assignee, ...selection }: ClientSelection & { readonly assigned_to_id: number | null },
): Promise<BulkResult> {
  if (assignee !== null) await checkAssignment(transaction, user, assignee, 'clients');
  return await changeClients(transaction, user, time, selection, {
    ofArchived: false,
    set: sql`assigned_to_id = ${assignee}::bigint`,
    differs: sql`r.assigned_to_id IS DISTINCT FROM ${assignee}::bigint`,
  });
}

/** Moves clients to a stage. @throws HttpError 400, 403 */
export async function moveClients(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
  { stage, ...selection }: ClientSelection & { readonly stage: (typeof STAGES)[number] },
): Promise<BulkResult> {
  return await changeClients(transaction, user, time, selection, {
    ofArchived: false,
    set: sql`stage = ${stage}::text`,
    differs: sql`r.stage <> ${stage}::text`,
  });
}

/** Archives clients. @throws HttpError 400, 403 */
export async function archiveClients(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
  selection: ClientSelection,
): Promise<BulkResult> {
  return await changeClients(transaction, user, time, selection, {
    ofArchived: false,
    set: sql`deleted_at = now()`,
    differs: sql`true`,
  });
}

/** Brings archived clients back. @throws HttpError 400, 403 */
export async function restoreClients(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
  selection: ClientSelection,
): Promise<BulkResult> {
  return await changeClients(transaction, user, time, selection, {
    ofArchived: true,
    set: sql`deleted_at = NULL`,
    differs: sql`true`,
  });
}

interface Meant {
  readonly id: number;
  readonly branch: number | null;
  readonly differs: boolean;
}

async function changeClients(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
  selection: ClientSelection,
  change: BulkChange,
): Promise<BulkResult> {
  const { dry_run: isDryRun = false } = selection;
  const meant = selection.ids
    ? await byIds(transaction, user, selection, change, [...new Set(selection.ids)])
    : await byFilters(transaction, user, time, selection, change);
  const ids = meant.filter(({ differs }) => differs).map(({ id }) => id);
  if (!isDryRun && ids.length > 0) {
    await transaction.query(sql`
      UPDATE ${clients.table} SET ${change.set}, updated_by_id = ${user.id}, updated_at = now()
      WHERE id = ANY (${ids}::bigint[])`);
  }
  return { matched: meant.length, changed: ids.length, dry_run: isDryRun };
}

/** Reads the clients with these ids; each must exist and be in scope. */
async function byIds(
  transaction: TenantTransaction,
  user: CurrentUser,
  selection: ClientSelection,
  change: BulkChange,
  ids: readonly number[],
): Promise<readonly Meant[]> {
  if (selection.filters) throw invalid({ non_field_errors: ['Give either ids or filters, not both.'] });
  const known = ids.filter(isId);
  const found = await read(transaction, selection, change, sql`r.id = ANY (${known}::bigint[])`);
  const there = new Set(found.map(({ id }) => id));
  const missing = ids.filter((id) => !there.has(id)).slice(0, MOST_TOLD);
  if (missing.length > 0) {
    const what = change.ofArchived ? 'object does not exist or is not archived' : 'object does not exist';
    throw invalid({ ids: missing.map((id) => `Invalid pk "${id}" - ${what}.`) });
  }
  const scope = scopeOf(user);
  const outside = found.find(({ branch }) => !covers(scope, branch));
  if (outside) throw outOfScope(user, 'client', outside.id);
  return found;
}

/** Reads the clients in scope that match the filters. */
async function byFilters(
  transaction: TenantTransaction,
  user: CurrentUser,
  time: TenantTime,
  selection: ClientSelection,
  change: BulkChange,
): Promise<readonly Meant[]> {
  if (!selection.filters) throw invalid({ non_field_errors: ['Give either ids or filters.'] });
  const filters = { ...readClientFilters(selection.filters, time), includeDeleted: true };
  const found = await read(transaction, selection, change, clientConditions(scopeOf(user), filters));
  if (found.length > MOST_CLIENTS) {
    throw invalidField('filters', `More than ${MOST_CLIENTS} clients match; narrow the filters.`);
  }
  return found;
}

/** Reads clients in order of their ids, so that concurrent changes to the same clients do not deadlock. */
async function read(
  transaction: TenantTransaction,
  { dry_run: isDryRun = false }: ClientSelection,
  { ofArchived, differs }: BulkChange,
  condition: Sql<boolean>,
): Promise<Meant[]> {
  const archived = ofArchived ? sql`r.deleted_at IS NOT NULL` : sql`r.deleted_at IS NULL`;
  return await transaction.query(sql<Meant>`
    SELECT r.id, r.branch_id AS branch, ${differs} AS differs FROM ${clients.table} r
    WHERE ${archived} AND ${condition}
    ORDER BY r.id LIMIT ${sql.lit(MOST_CLIENTS + 1)} ${isDryRun ? sql`` : sql`FOR NO KEY UPDATE OF r`}`);
}
