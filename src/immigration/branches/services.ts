import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf } from '../../auth/scope.js';
import { isSameText, isText } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, invalidPk, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import { claimName } from '../shared/unique-name.js';
import type { BranchCreateInput, BranchOutput, BranchUpdateInput } from './schemas.js';
import { branches, checkBranchScope } from './selectors.js';

/**
 * Creates a branch. A region manager's belongs to one of their regions, the first if none is given.
 * @throws HttpError 400 when the name is taken or the region does not exist, 403 for a region out of reach
 */
export async function createBranch(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: BranchCreateInput,
): Promise<Pending<BranchOutput>> {
  const region = input.region_id ?? (roleOf(user) === 'REGION_MANAGER' ? user.regionIds[0] : null) ?? null;
  await checkRegion(transaction, user, region);
  await checkName(transaction, input.name);
  return branches.insert(transaction, user, { ...input, region_id: region });
}

/** Changes the given fields of a branch. @throws HttpError 404, 400, 403 */
export async function updateBranch(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<BranchUpdateInput>,
): Promise<Pending<BranchOutput>> {
  const branch = await lockInScope(transaction, user, id);
  const input = body.read();
  if (input.region_id !== undefined && input.region_id !== branch.region_id) {
    await checkRegion(transaction, user, input.region_id);
  }
  if (input.name !== undefined && !isSameText(input.name, branch.name))
    await checkName(transaction, input.name);
  return branches.update(transaction, user, id, input);
}

/**
 * Deletes a branch softly. Its records keep its id, and are out of every branch's scope until they are moved or the
 * branch is restored.
 * @throws HttpError 404
 */
export async function deleteBranch(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockInScope(transaction, user, id);
  branches.delete(transaction, user, id);
}

/** Restores a deleted branch; its name was reserved. @throws HttpError 404 */
export async function restoreBranch(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<BranchOutput>> {
  await branches.lockDeleted(transaction, id);
  await checkBranchScope(transaction, user, id);
  return branches.restore(transaction, user, id);
}

async function lockInScope(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const branch = await branches.lock(transaction, id);
  await checkBranchScope(transaction, user, id);
  return branch;
}

/** Locks the new region of a branch. @throws HttpError 400 when there is none, 403 */
async function checkRegion(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number | null,
): Promise<void> {
  if (id !== null) {
    const held = sql`SELECT id FROM immigration_region WHERE id = ${id} FOR KEY SHARE`;
    const [region] = isId(id) ? await transaction.query(held) : [];
    if (!region) throw invalidPk('region_id', id);
  }
  if (roleOf(user) !== 'REGION_MANAGER' || (id !== null && user.regionIds.includes(id))) return;
  throw permissionDenied('Region Manager cannot put a branch outside their regions');
}

/** Checks that a name is free; names of deleted branches still count. @throws HttpError 400 */
async function checkName(transaction: TenantTransaction, name: string): Promise<void> {
  const taken = sql<boolean>`EXISTS (SELECT FROM immigration_branch WHERE ${isText('name', name)})`;
  await claimName(transaction, 'branch', name, taken, () =>
    detailError(400, `Branch with name '${name}' already exists`),
  );
}
