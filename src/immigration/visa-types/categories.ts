import type { CurrentUser } from '../../auth/current-user.js';
import { isSameText, isText } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { claimName } from '../shared/unique-name.js';
import { refuseIfUsed } from '../shared/used-by.js';
import type { VisaCategoryChange, VisaCategoryInput, VisaCategoryOutput } from './schemas.js';
import { visaCategories } from './selectors.js';

/** Creates a visa category. @throws HttpError 400 if another one has its name or code */
export async function createVisaCategory(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: VisaCategoryInput,
): Promise<Pending<VisaCategoryOutput>> {
  const values = stored(input);
  await checkUnique(transaction, values);
  return visaCategories.insert(transaction, user, values);
}

/** Changes the given fields of a visa category. @throws HttpError 404, 400 */
export async function updateVisaCategory(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<VisaCategoryChange>,
): Promise<Pending<VisaCategoryOutput>> {
  const before = await visaCategories.lock(transaction, id);
  const values = stored(body.read());
  // Without a change there is nothing to write, since this table has no time of the last one.
  if (Object.keys(values).length === 0) return visaCategories.read(transaction, id);
  await checkUnique(transaction, values, before);
  return visaCategories.update(transaction, user, id, values);
}

/** Deletes a visa category that no visa type or client has. @throws HttpError 404, 400 */
export async function deleteVisaCategory(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await visaCategories.lockToDelete(transaction, id);
  await refuseIfUsed(transaction, 'visacategory', id);
  visaCategories.delete(transaction, user, id);
}

function stored<Input extends VisaCategoryChange>({ code, ...input }: Input) {
  return { ...input, ...(code !== undefined && { code: code || null }) };
}

type Unique = { readonly name?: string | undefined; readonly code?: string | null | undefined };

/**
 * Checks that name and code are free.
 * @throws HttpError 400 in Django's words when another category has the name or the code
 */
async function checkUnique(
  transaction: TenantTransaction,
  { name, code }: Unique,
  before?: Unique,
): Promise<void> {
  if (name !== undefined && !isSameText(name, before?.name)) {
    const taken = sql<boolean>`EXISTS (SELECT FROM immigration_visacategory WHERE ${isText('name', name)})`;
    await claimName(transaction, 'visacategory', name, taken, () => alreadyExists('name'));
  }
  if (code && !isSameText(code, before?.code)) {
    const taken = sql<boolean>`EXISTS (SELECT FROM immigration_visacategory WHERE ${isText('code', code)})`;
    await claimName(transaction, 'visacategory code', code, taken, () => alreadyExists('code'));
  }
}

function alreadyExists(field: 'name' | 'code') {
  return invalidField(field, `visa category with this ${field} already exists.`);
}
