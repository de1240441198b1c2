import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { textError } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import { readsNotices } from '../../live/stream-notices.js';
import { wrap } from '../shared/columns.js';
import type { NotificationChanges, NotificationOutput } from './schemas.js';
import { type NotificationRow, notificationById, selectNotifications, shown } from './selectors.js';

/** The owner of the changed notifications, and the tenant, from the request's context. */
interface Owner {
  readonly schema: string;
  readonly userId: number;
}

function notificationGone() {
  return textError(404, 'Notification not found or access denied');
}

/**
 * Marks one of the user's notifications as read; nothing changes when it is already.
 * @throws HttpError 404
 */
export async function markRead(
  transaction: TenantTransaction,
  owner: Owner,
  id: number,
): Promise<Pending<NotificationOutput> | NotificationOutput> {
  return await changeNotification(transaction, owner, id, { read: () => ({ read: true }) });
}

/**
 * Changes the given fields of one of the user's notifications. Marking it as read sets `read_at`, unread clears it.
 * @throws HttpError 404, 400
 */
export async function changeNotification(
  transaction: TenantTransaction,
  owner: Owner,
  id: number,
  body: LateInput<NotificationChanges>,
): Promise<Pending<NotificationOutput> | NotificationOutput> {
  const { userId } = owner;
  const [before] = await transaction.query(
    wrap(notificationById(userId, id), (row) => sql`${row} FOR NO KEY UPDATE`),
  );
  if (!before) throw notificationGone();
  const { read: isRead = before.read, is_completed: isCompleted = before.is_completed } = body.read();
  if (isRead === before.read && isCompleted === before.is_completed) return shown(before);
  if (isRead !== before.read) announce(transaction, owner, isRead ? [id] : []);
  const changed = sql`
    WITH changed AS (
      UPDATE immigration_notification
      SET read = ${isRead}, is_completed = ${isCompleted},
          read_at = CASE WHEN NOT ${isRead} THEN NULL WHEN read THEN read_at ELSE now() END,
          updated_at = now(), updated_by_id = ${userId}
      WHERE id = ${id}
      RETURNING *)`;
  const shownAfter = wrap(selectNotifications(sql`changed r`), (row) => sql`${changed} ${row}`);
  return transaction.send(shownAfter).map(([after]) => shown(after as NotificationRow));
}

/** Marks those of the user's notifications as read that are not. @returns their number */
export async function markManyRead(
  transaction: TenantTransaction,
  owner: Owner,
  ids: readonly number[],
): Promise<number> {
  // In the same order for everybody, so that concurrent requests for the same rows do not deadlock.
  const marked = await transaction.query(sql<{ id: number }>`
    UPDATE immigration_notification SET read = true, read_at = now(), updated_at = now(), updated_by_id = ${owner.userId}
    WHERE id IN (
      SELECT id FROM immigration_notification
      WHERE id = ANY (${ids.filter(isId)}::bigint[]) AND assigned_to_id = ${owner.userId} AND NOT read
      ORDER BY id FOR NO KEY UPDATE)
    RETURNING id`);
  if (marked.length > 0)
    announce(
      transaction,
      owner,
      marked.map(({ id }) => id),
    );
  return marked.length;
}

/** Announces the change, at commit, to the user's streams in every process. */
function announce(transaction: TenantTransaction, owner: Owner, ids: readonly number[]): void {
  for (const notice of readsNotices(owner.schema, owner.userId, ids)) {
    transaction.send(notice);
  }
}
