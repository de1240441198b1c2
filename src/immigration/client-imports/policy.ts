import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import { permissionDenied } from '../../http/errors.js';
import { allows, requires } from '../../routing/policy.js';
import type { ImportRow } from './records.js';

const add = requires('add_client');
const change = requires('change_client');

/** Bringing in clients is adding them; where those that are there get changed, `mayWork` asks for that too. */
export const importPolicy = { see: add, create: add, change: add, remove: add, restore: add };

/** Whether a user may do what an import does: add clients, and change those that are there where it updates any. */
export function mayWork(user: CurrentUser, { duplicates }: Pick<ImportRow, 'duplicates'>): boolean {
  return allows(add, user) && (duplicates !== 'update' || allows(change, user));
}

/** @throws HttpError 403 */
export function checkMayWork(user: CurrentUser, row: Pick<ImportRow, 'duplicates'>): void {
  if (!mayWork(user, row)) throw permissionDenied();
}

/** The imports `r` that a user sees: their own, and all of them where their scope is the whole tenant. */
export function visibleImports(user: CurrentUser): RawBuilder<boolean> {
  return scopeOf(user).kind === 'tenant' ? sql`true` : sql`r.created_by_id = ${user.id}`;
}
