import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidPk, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import { assigneeById, checkAssignee } from '../shared/assignment.js';
import { checkClientScope, outOfScope } from '../shared/client-access.js';
import { homeBranch } from '../shared/home-branch.js';
import type { ClientCreateInput, ClientOutput, ClientUpdateInput } from './schemas.js';
import { clients, lockClient } from './selectors.js';

const RELATED = ['visa_category_id', 'agent_id', 'assigned_to_id', 'branch_id'] as const;
/** The records that a client references; undefined or null: none to check. */
type RelatedIds = { [Key in (typeof RELATED)[number]]?: number | null | undefined };

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
  const related: RelatedIds = {};
  for (const key of RELATED) if (input[key] !== client[key]) related[key] = input[key];
  if (related.branch_id === null && scopeOf(user).kind !== 'tenant') {
    throw permissionDenied(`User ${user.username} cannot take a client out of every branch`);
  }
  await checkRelated(transaction, user, related);
  return clients.update(transaction, user, id, input);
}

/** Archives a client: it leaves lists and details; records that reference it stay. @throws HttpError 404, 403 */
export async function deleteClient(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockClient(transaction, user, id);
  clients.delete(transaction, user, id);
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

interface ExistingRelated {
  readonly visa_category: boolean;
  readonly agent: boolean;
  readonly branch: boolean;
}

/**
 * Checks that the records which a client references exist and may be referenced by this user.
 * @throws HttpError 400 for one that does not exist, 403 for one that is out of reach
 */
async function checkRelated(
  transaction: TenantTransaction,
  user: CurrentUser,
  ids: RelatedIds,
): Promise<void> {
  const { visa_category_id: category, agent_id: agent, assigned_to_id: assignee, branch_id: branch } = ids;
  const known = (id: number | null | undefined) => (typeof id === 'number' && isId(id) ? id : null);
  const named = [category, agent, branch].some((id) => typeof id === 'number');
  const looking = named
    ? transaction.query(sql<ExistingRelated>`SELECT
        EXISTS (SELECT FROM immigration_visacategory WHERE id = ${known(category)}::bigint) AS visa_category,
        EXISTS (SELECT FROM immigration_agent WHERE id = ${known(agent)}::bigint AND deleted_at IS NULL) AS agent,
        EXISTS (SELECT FROM immigration_branch WHERE id = ${known(branch)}::bigint AND deleted_at IS NULL) AS branch`)
    : [];
  const assigning = typeof assignee === 'number' ? transaction.query(assigneeById(assignee)) : [];
  const [[found], [assigned]] = await Promise.all([looking, assigning]);
  if (found) {
    if (typeof category === 'number' && !found.visa_category) throw invalidPk('visa_category_id', category);
    if (typeof agent === 'number' && !found.agent) throw invalidPk('agent_id', agent);
    if (typeof branch === 'number' && !found.branch) throw invalidPk('branch_id', branch);
  }
  if (typeof branch === 'number' && !covers(scopeOf(user), branch)) {
    throw outOfScope(user, 'branch', branch);
  }
  if (typeof assignee === 'number') checkAssignee(user, assignee, assigned, 'clients');
}
