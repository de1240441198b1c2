import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidPk } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import { refuseIfUsed } from '../shared/used-by.js';
import type { VisaTypeCreateInput, VisaTypeOutput, VisaTypePatchInput } from './schemas.js';
import { visaTypes } from './selectors.js';

/** Creates a visa type. @throws HttpError 400 when its category does not exist */
export async function createVisaType(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: VisaTypeCreateInput,
): Promise<Pending<VisaTypeOutput>> {
  await requireCategory(transaction, input.visa_category_id);
  return visaTypes.insert(transaction, user, stored(input));
}

/** Changes the given fields of a visa type. @throws HttpError 404, 400 */
export async function updateVisaType(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<VisaTypePatchInput>,
): Promise<Pending<VisaTypeOutput>> {
  await visaTypes.lock(transaction, id);
  const input = body.read();
  if (input.visa_category_id !== undefined) await requireCategory(transaction, input.visa_category_id);
  // Without a change there is nothing to write, since this table has no time of the last one.
  if (Object.keys(input).length === 0) return visaTypes.read(transaction, id);
  return visaTypes.update(transaction, user, id, stored(input));
}

/** Deletes a visa type without applications. @throws HttpError 404, 400 */
export async function deleteVisaType(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await visaTypes.lockToDelete(transaction, id);
  await refuseIfUsed(transaction, 'visatype', id);
  visaTypes.delete(transaction, user, id);
}

function stored<Input extends VisaTypePatchInput>({ checklist, ...input }: Input) {
  return { ...input, ...(checklist && { checklist: JSON.stringify(checklist) }) };
}

async function requireCategory(transaction: TenantTransaction, id: number): Promise<void> {
  const held = sql`SELECT id FROM immigration_visacategory WHERE id = ${id} FOR KEY SHARE`;
  const [category] = isId(id) ? await transaction.query(held) : [];
  if (!category) throw invalidPk('visa_category_id', id);
}
