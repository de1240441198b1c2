import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import type { TenantTables } from '../../database/generated/tables.js';
import { sql } from '../../database/sql.js';
import type { Selectable } from '../../database/table-types.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField, invalidPk, notFound, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isAfter } from '../../http/fields/datetime.js';
import { isId } from '../../http/path-id.js';
import type { Permission } from '../../kinds/permissions.js';
import { allows, requires } from '../../routing/policy.js';
import { disabledAssignee, noSuchAssignee } from '../shared/assignment.js';
import { outOfScope } from '../shared/client-access.js';
import { eventVisible, isOwnEvent } from '../shared/event-visibility.js';
import type { EventCreateInput, EventOutput, EventPatchInput } from './schemas.js';
import { calendarEvents } from './selectors.js';

type StoredEvent = Selectable<TenantTables['immigration_calendar_event']>;

/** Creates an event. @throws HttpError 400, 403 for an assignee or a branch that the user may not name */
export async function createEvent(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: EventCreateInput,
): Promise<Pending<EventOutput>> {
  checkOrder(input.start, input.end);
  const { assigned_to_id: assignee = null, branch_id: branch = null } = input;
  await checkNamed(transaction, user, { assignee: assignee === user.id ? null : assignee, branch });
  return calendarEvents.insert(transaction, user, input);
}

/** Changes the given fields of an event. @throws HttpError 404, 403, 400 */
export async function updateEvent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<EventPatchInput>,
): Promise<Pending<EventOutput>> {
  const event = await lockEvent(transaction, user, id, 'change_calendarevent');
  const input = body.read();
  if (input.start !== undefined || input.end !== undefined) {
    checkOrder(input.start ?? event.start, input.end ?? event.end);
  }
  const { assigned_to_id: assignee = null } = input;
  const isOther = assignee !== user.id && assignee !== event.assigned_to_id;
  await checkNamed(transaction, user, { assignee: isOther ? assignee : null, branch: null });
  return calendarEvents.update(transaction, user, id, input);
}

/** Deletes an event. @throws HttpError 404, 403 */
export async function deleteEvent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockEvent(transaction, user, id, 'delete_calendarevent');
  calendarEvents.delete(transaction, user, id);
}

/**
 * Returns an event, locked, that is the user's own, or that the user sees and has the permission for.
 * @throws HttpError 404, 403
 */
async function lockEvent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  permission: Permission,
): Promise<StoredEvent> {
  const [event] = await transaction.query(sql<StoredEvent & { visible: boolean | null }>`
    SELECT r.*, ${eventVisible(user)} AS visible
    FROM immigration_calendar_event r WHERE r.id = ${id}::bigint FOR UPDATE OF r`);
  if (!event) throw notFound('Event');
  if (event.visible !== true) throw outOfScope(user, 'event', id);
  if (!isOwnEvent(user, event) && !allows(requires(permission), user)) throw permissionDenied();
  return event;
}

function checkOrder(start: string, end: string): void {
  if (!isAfter(end, start)) throw invalidField('end', 'End time must be after start time.');
}

/**
 * Checks the records that an event references.
 * @param named another user, and the branch; null: none to check
 * @throws HttpError 403 for those that the user may not reference, 400 for those that do not exist
 */
async function checkNamed(
  transaction: TenantTransaction,
  user: CurrentUser,
  { assignee, branch }: { readonly assignee: number | null; readonly branch: number | null },
): Promise<void> {
  if (assignee === null && branch === null) return;
  if (assignee !== null && !allows(requires('assign_calendarevent_to_others'), user)) {
    throw permissionDenied(`User ${user.username} does not have permission to assign events to other users`);
  }
  const idOr0 = (id: number | null) => (id !== null && isId(id) ? id : 0);
  const [found] = await transaction.query(sql<{ assignee: boolean | null; branch: boolean }>`SELECT
    (SELECT is_active FROM immigration_user WHERE id = ${idOr0(assignee)}::bigint) AS assignee,
    EXISTS (SELECT FROM immigration_branch WHERE id = ${idOr0(branch)}::bigint AND deleted_at IS NULL) AS branch`);
  if (assignee !== null) {
    const isActive = found?.assignee ?? null;
    if (isActive === null) throw noSuchAssignee(assignee);
    if (!isActive) throw disabledAssignee(assignee);
  }
  if (branch === null) return;
  if (!found?.branch) throw invalidPk('branch_id', branch);
  if (!covers(scopeOf(user), branch)) {
    throw outOfScope(user, 'branch', branch);
  }
}
