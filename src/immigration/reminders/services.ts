import type { CurrentUser } from '../../auth/current-user.js';
import type { TenantTables } from '../../database/generated/tables.js';
import { writeJson } from '../../database/json.js';
import { sql } from '../../database/sql.js';
import type { Selectable } from '../../database/table-types.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidPk, notFound, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { readTime } from '../../http/fields/time.js';
import type { Permission } from '../../kinds/permissions.js';
import { allows, requires } from '../../routing/policy.js';
import { requireLinked } from '../shared/linked-record.js';
import type { TenantTime } from '../shared/tenant-time.js';
import type { ReminderCreateInput, ReminderOutput, ReminderPatchInput } from './schemas.js';
import { REMINDER, reminders, reminderVisible } from './selectors.js';

type StoredReminder = Selectable<TenantTables['immigration_reminder']>;

/** Creates a reminder on a record in the user's reach. @throws HttpError 400, 403 */
export async function createReminder(
  transaction: TenantTransaction,
  user: CurrentUser,
  { content_type: type, object_id: id, ...input }: ReminderCreateInput,
): Promise<Pending<ReminderOutput>> {
  const link = await requireRecord(transaction, user, type, id);
  return reminders.insert(transaction, user, { ...stored(input), ...link });
}

/**
 * Changes the given fields of a reminder. One that was notified of and is postponed to the future will be notified of
 * again.
 * @throws HttpError 404, 403, 400
 */
export async function updateReminder(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<ReminderPatchInput>,
  time: TenantTime,
): Promise<Pending<ReminderOutput>> {
  const reminder = await lockReminder(transaction, user, id, 'change_reminder');
  const {
    content_type: type = reminder.content_type_id,
    object_id = reminder.object_id,
    ...input
  } = body.read();
  const isOther = type !== reminder.content_type_id || object_id !== reminder.object_id;
  const link = isOther ? await requireRecord(transaction, user, type, object_id) : {};
  const postponed = isPostponed(reminder, input, time) && { notification_created: false };
  const changes = { ...stored(input), ...link, ...postponed };
  // Reminders have no time of their last change, so there may be nothing to write.
  if (Object.keys(changes).length === 0) return reminders.read(transaction, id);
  return reminders.update(transaction, user, id, changes);
}

/** Marks a reminder as completed; no further notification will follow. @throws HttpError 404, 403 */
export async function completeReminder(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<ReminderOutput>> {
  await lockReminder(transaction, user, id, 'change_reminder');
  return reminders.update(transaction, user, id, { is_completed: true });
}

/** Deletes a reminder. @throws HttpError 404, 403 */
export async function deleteReminder(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockReminder(transaction, user, id, 'delete_reminder');
  reminders.delete(transaction, user, id);
}

/**
 * Returns a reminder, locked, that the user sees and that they created or have the permission for.
 * @throws HttpError 404, 403
 */
async function lockReminder(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  permission: Permission,
): Promise<StoredReminder> {
  const [reminder] = await transaction.query(sql<StoredReminder>`
    SELECT r.* FROM immigration_reminder r
    WHERE r.id = ${id}::bigint AND ${reminderVisible(user)} FOR UPDATE OF r`);
  if (!reminder) throw notFound(REMINDER);
  if (reminder.created_by_id !== user.id && !allows(requires(permission), user)) {
    throw permissionDenied();
  }
  return reminder;
}

/** Converts the values to store: `meta_info` is JSON. */
function stored<Input extends { readonly meta_info?: object }>({ meta_info: info, ...input }: Input) {
  return { ...input, ...(info && { meta_info: writeJson(info) }) };
}

async function requireRecord(transaction: TenantTransaction, user: CurrentUser, type: number, id: number) {
  return await requireLinked(transaction, user, type, id, {
    type: () => invalidPk('content_type', type),
    record: () => invalidPk('object_id', id),
  });
}

/** Returns whether a change moves a reminder's due time into the future. */
function isPostponed(before: StoredReminder, input: ReminderPatchInput, time: TenantTime): boolean {
  const clock = before.reminder_time === null ? null : readTime(before.reminder_time);
  const { reminder_date: date = before.reminder_date, reminder_time: at = clock } = input;
  if (date === null || (date === before.reminder_date && at === clock)) return false;
  return time.momentOf(date, at ?? '00:00:00') > time.now.toISOString();
}
