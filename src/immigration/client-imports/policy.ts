import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import { permissionDenied } from '../../http/errors.js';
import { allows, requires } from '../../routing/policy.js';
import type { ImportRow } from './records.js';

const add = requires('add_client');
const change = requires('change_client');

/**
 * The policies of imports. Importing requires adding clients; where existing ones are changed, `mayWork` requires that
 * too.
 */
export const importPolicy = { see: add, create: add, change: add, remove: add, restore: add };

/** Returns whether a user may do what an import does: add clients, and change existing ones if it updates any. */
export function mayWork(user: CurrentUser, { duplicates }: Pick<ImportRow, 'duplicates'>): boolean {
  return allows(add, user) && (duplicates !== 'update' || allows(change, user));
}

/** Checks that a user may do what an import does. @throws HttpError 403 */
export function checkMayWork(user: CurrentUser, row: Pick<ImportRow, 'duplicates'>): void {
  if (!mayWork(user, row)) throw permissionDenied();
}

/** Returns the condition that a user sees import `r`: their own, and all of them with the whole tenant in scope. */
export function visibleImports(user: CurrentUser): Sql<boolean> {
  return scopeOf(user).kind === 'tenant' ? sql`true` : sql`r.created_by_id = ${user.id}`;
}
