import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { referencedTable } from '../../database/foreign-keys.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidPk, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import { kindOfTable } from '../../kinds/kinds.js';
import { assigneeById, checkAssignee } from '../shared/assignment.js';
import { checkClientScope, outOfScope } from '../shared/client-access.js';
import { CLIENT_LINKS, type ClientLink } from '../shared/client-fields.js';
import { homeBranch } from '../shared/home-branch.js';
import type { ClientCreateInput, ClientOutput, ClientUpdateInput } from './schemas.js';
import { clients, lockClient } from './selectors.js';

/** The records that a client references; undefined or null: none to check. */
type RelatedIds = { [Link in ClientLink]?: number | null | undefined };

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
  for (const link of CLIENT_LINKS) if (input[link] !== client[link]) related[link] = input[link];
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

/** The records of which it is enough that they exist, and how that is seen: `WHERE id = … AND …`. */
const EXISTING = CLIENT_LINKS.filter((link) => link !== 'assigned_to_id').map((link) => {
  const table = referencedTable('immigration_client', link);
  const condition = kindOfTable(table)?.softDelete ? sql` AND deleted_at IS NULL` : sql``;
  return { link, table: sql.ref(table), condition };
});

/**
 * Checks that the records which a client references exist and may be referenced by this user.
 * @throws HttpError 400 for one that does not exist, 403 for one that is out of reach
 */
async function checkRelated(
  transaction: TenantTransaction,
  user: CurrentUser,
  ids: RelatedIds,
): Promise<void> {
  const { assigned_to_id: assignee, branch_id: branch } = ids;
  const existence = EXISTING.map(({ link, table, condition }) => {
    const id = ids[link];
    const known = typeof id === 'number' && isId(id) ? id : null;
    return sql`EXISTS (SELECT FROM ${table} WHERE id = ${known}::bigint${condition}) AS ${sql.ref(link)}`;
  });
  const looking = EXISTING.some(({ link }) => typeof ids[link] === 'number')
    ? transaction.query(sql<Record<ClientLink, boolean>>`SELECT ${sql.join(existence)}`)
    : [];
  const assigning = typeof assignee === 'number' ? transaction.query(assigneeById(assignee)) : [];
  const [[found], [assigned]] = await Promise.all([looking, assigning]);
  for (const { link } of EXISTING) {
    if (typeof ids[link] === 'number' && found?.[link] === false) throw invalidPk(link, ids[link]);
  }
  if (typeof branch === 'number' && !covers(scopeOf(user), branch)) {
    throw outOfScope(user, 'branch', branch);
  }
  if (typeof assignee === 'number') checkAssignee(user, assignee, assigned, 'clients');
}
