import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidPk } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import {
  applicationBranch,
  checkApplicationAssignee,
  checkApplicationScope,
} from '../shared/application-access.js';
import { requireClient } from '../shared/client-access.js';
import { type RequiredDocument, withReceived } from './required-documents.js';
import type {
  VisaApplicationCreateInput,
  VisaApplicationOutput,
  VisaApplicationPatchInput,
} from './schemas.js';
import { visaApplications, WHAT } from './selectors.js';

/**
 * Creates a visa application. By default it needs the documents of the visa type's checklist.
 * @throws HttpError 400 for records that do not exist, 403 for those out of reach
 */
export async function createVisaApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: VisaApplicationCreateInput,
): Promise<Pending<VisaApplicationOutput>> {
  await requireClient(transaction, user, input.client_id, 'client_id');
  const checklist = await requireVisaType(transaction, input.visa_type_id);
  await checkApplicationAssignee(transaction, user, input.assigned_to_id);
  const { required_documents: documents = checklist.map((name) => ({ name })), ...rest } = input;
  return visaApplications.insert(transaction, user, {
    ...rest,
    required_documents: JSON.stringify(withReceived(documents)),
  });
}

/** Changes the given fields of a visa application. @throws HttpError 404, 403, 400 */
export async function updateVisaApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<VisaApplicationPatchInput>,
): Promise<Pending<VisaApplicationOutput>> {
  const before = await lockInScope(transaction, user, id);
  const { required_documents: documents, ...input } = body.read();
  if (input.visa_type_id !== undefined && input.visa_type_id !== before.visa_type_id) {
    await requireVisaType(transaction, input.visa_type_id);
  }
  await checkApplicationAssignee(transaction, user, input.assigned_to_id, before.assigned_to_id);
  return visaApplications.update(transaction, user, id, {
    ...input,
    ...(documents && {
      required_documents: JSON.stringify(
        withReceived(documents, before.required_documents as unknown as RequiredDocument[]),
      ),
    }),
  });
}

/** Deletes a visa application for good. @throws HttpError 404, 403 */
export async function deleteVisaApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockInScope(transaction, user, id);
  visaApplications.delete(transaction, user, id);
}

async function lockInScope(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const finding = transaction.query(applicationBranch('immigration_visaapplication', id));
  const [application, [found]] = await Promise.all([visaApplications.lock(transaction, id), finding]);
  checkApplicationScope(user, WHAT, id, found);
  return application;
}

/** Locks a visa type. @returns its checklist @throws HttpError 400 when there is none */
async function requireVisaType(transaction: TenantTransaction, id: number): Promise<string[]> {
  const held = sql<{ checklist: string[] }>`
    SELECT checklist FROM immigration_visatype WHERE id = ${id} FOR KEY SHARE`;
  const [type] = isId(id) ? await transaction.query(held) : [];
  if (!type) throw invalidPk('visa_type_id', id);
  return type.checklist;
}
