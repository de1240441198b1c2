import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { invalid, invalidField, invalidPk, textError } from '../../http/errors.js';
import { MESSAGES } from '../../http/fields/field.js';
import { isId } from '../../http/path-id.js';
import { disabledAssignee, noSuchAssignee } from '../shared/assignment.js';
import { type Link, requireLinked } from '../shared/linked-record.js';
import type { TaskUpdateInput } from './schemas.js';

interface Named {
  readonly assigned_to?: number | null | undefined;
  readonly assigned_by?: number | null | undefined;
  readonly branch_id?: number | null | undefined;
}

/**
 * Checks that the users and the branch of a task exist and the assignee is not disabled, and locks them until the
 * transaction ends; undefined or null means nothing to check.
 * @throws HttpError 400
 */
export async function checkNamed(transaction: TenantTransaction, named: Named): Promise<void> {
  const { assigned_to: assignee, assigned_by: assigner, branch_id: branch } = named;
  const known = (id: number | null | undefined) => (typeof id === 'number' && isId(id) ? id : null);
  if (![assignee, assigner, branch].some((id) => typeof id === 'number')) return;
  const people = transaction.query(sql<{ id: number; is_active: boolean }>`
    SELECT id, is_active FROM immigration_user WHERE id IN (${known(assignee)}::bigint, ${known(assigner)}::bigint)
    ORDER BY id FOR KEY SHARE`);
  const branches = transaction.query(sql<{ id: number }>`
    SELECT id FROM immigration_branch WHERE id = ${known(branch)}::bigint AND deleted_at IS NULL FOR KEY SHARE`);
  const [users, [home]] = await Promise.all([people, branches]);
  const missing = (id: number | null | undefined) =>
    typeof id === 'number' && !users.some((user) => user.id === id);
  if (typeof assignee === 'number') {
    if (missing(assignee)) throw noSuchAssignee(assignee);
    if (users.some(({ id, is_active }) => id === assignee && !is_active)) throw disabledAssignee(assignee);
  }
  if (missing(assigner)) throw invalidPk('assigned_by', assigner);
  if (typeof branch === 'number' && !home) throw invalidPk('branch_id', branch);
}

/**
 * Checks that a task is assigned to a user or a branch, not to both.
 * @throws HttpError 400 for a body that names both
 */
export function checkOneAssignment({ assigned_to: assignee, branch_id: branch }: Named): void {
  if (typeof assignee === 'number' && typeof branch === 'number') {
    throw invalid({ non_field_errors: ['Task cannot be assigned to both a user and a branch.'] });
  }
}

/** The columns of a task without link. */
const UNLINKED = { content_type_id: null, object_id: null } as const;

/**
 * Returns the link in a body: type and id together, or null for none.
 * @returns undefined where the body has no link
 * @throws HttpError 400 when one is missing or leads nowhere, 403 when the record is out of scope
 */
export async function linkOf(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: TaskUpdateInput,
): Promise<Link | typeof UNLINKED | undefined> {
  const { linked_entity_type: type, linked_entity_id: id } = input;
  if (typeof type !== 'string' && typeof id !== 'number') {
    return type === undefined && id === undefined ? undefined : UNLINKED;
  }
  if (typeof type !== 'string') throw invalidField('linked_entity_type', MESSAGES.required);
  if (typeof id !== 'number') throw invalidField('linked_entity_id', MESSAGES.required);
  return await requireLinked(transaction, user, type, id, {
    type: () => textError(400, `Unknown entity type "${type}"`),
    record: () => invalidPk('linked_entity_id', id),
  });
}
