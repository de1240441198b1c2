import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { checkClientScope } from '../shared/client-access.js';
import { homeBranch } from '../shared/home-branch.js';
import { checkRelated, type RelatedIds } from './related.js';
import type { ClientCreateInput, ClientOutput, ClientUpdateInput } from './schemas.js';
import { clients, lockClient } from './selectors.js';

const RELATED = ['visa_category_id', 'agent_id', 'assigned_to_id', 'branch_id'] as const;

/**
 * Creates a client.
 * @throws HttpError 400 for records that do not exist, 403 for those out of reach
 */
export async function createClient(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: ClientCreateInput,
): Promise<Pending<ClientOutput>> {
  await checkRelated(transaction, user, input);
  return clients.insert(transaction, user, {
    ...input,
    branch_id: input.branch_id ?? homeBranch(user),
  });
}

/** Changes the given fields of a client. @throws HttpError 404, 403, 400 */
export async function updateClient(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<ClientUpdateInput>,
): Promise<Pending<ClientOutput>> {
  const client = await lockClient(transaction, user, id);
  const input = body.read();
  const related: Record<string, number | null | undefined> = {};
  for (const key of RELATED) if (input[key] !== client[key]) related[key] = input[key];
  if (related.branch_id === null && scopeOf(user).kind !== 'tenant') {
    throw permissionDenied(`User ${user.username} cannot take a client out of every branch`);
  }
  await checkRelated(transaction, user, related as RelatedIds);
  return clients.update(transaction, user, id, input);
}

/** Archives a client: it leaves lists and details; records that reference it stay. @throws HttpError 404, 403 */
export async function deleteClient(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockClient(transaction, user, id);
  await clients.delete(transaction, user, id);
}

/** Restores an archived client. @throws HttpError 404 when it is not archived, 403 when it is out of scope */
export async function restoreClient(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<ClientOutput>> {
  const client = await clients.lockDeleted(transaction, id);
  checkClientScope(user, { id, branch: client.branch_id });
  return clients.restore(transaction, user, id);
}
