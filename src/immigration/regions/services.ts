import type { CurrentUser } from '../../auth/current-user.js';
import { isSameText, isText } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { claimName } from '../shared/unique-name.js';
import { refuseIfUsed } from '../shared/used-by.js';
import type { RegionCreateInput, RegionOutput, RegionUpdateInput } from './schemas.js';
import { checkRegionScope, regions } from './selectors.js';

/** Creates a region. @throws HttpError 400 when the name is taken */
export async function createRegion(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: RegionCreateInput,
): Promise<Pending<RegionOutput>> {
  await checkName(transaction, input.name);
  return regions.insert(transaction, user, input);
}

/** Changes the given fields of a region. @throws HttpError 404, 400 */
export async function updateRegion(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<RegionUpdateInput>,
): Promise<Pending<RegionOutput>> {
  const region = await regions.lock(transaction, id);
  await checkRegionScope(transaction, user, id);
  const input = body.read();
  if (input.name !== undefined && !isSameText(input.name, region.name))
    await checkName(transaction, input.name);
  return regions.update(transaction, user, id, input);
}

/** Deletes a region without branches. @throws HttpError 404, 400 */
export async function deleteRegion(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await regions.lockToDelete(transaction, id);
  await checkRegionScope(transaction, user, id);
  await refuseIfUsed(transaction, 'region', id, false);
  regions.delete(transaction, user, id);
}

async function checkName(transaction: TenantTransaction, name: string): Promise<void> {
  const taken = sql<boolean>`EXISTS (SELECT FROM immigration_region WHERE ${isText('name', name)})`;
  await claimName(transaction, 'region', name, taken, () =>
    detailError(400, `Region with name '${name}' already exists`),
  );
}
