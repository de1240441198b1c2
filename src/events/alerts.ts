import { type Statement, statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { DomainEvent } from './event.js';
import {
  FIRST_RECIPIENT_PARAMETER,
  type InsertedNotification,
  insertNotifications,
} from './handlers/insert-notifications.js';
import { recipientsSql } from './handlers/recipients.js';

const SAVE = statement('SAVEPOINT alert');
const UNDO = statement('ROLLBACK TO SAVEPOINT alert');

/**
 * Tells the active members of these groups that an event failed for good. An alert that cannot be written is left:
 * the event keeps its error anyway.
 * @returns who was told
 */
export async function alertOfFailure(
  transaction: Pick<TenantTransaction, 'query'>,
  event: DomainEvent,
  error: string,
  roles: readonly string[],
): Promise<number[]> {
  try {
    const [, rows] = await Promise.all([
      transaction.query(SAVE),
      transaction.query(alert(event, error, roles)),
    ]);
    return rows.map(({ user }) => user);
  } catch {
    await transaction.query(UNDO);
    return [];
  }
}

function alert(event: DomainEvent, error: string, roles: readonly string[]): Statement<InsertedNotification> {
  const notification = {
    type: 'SYSTEM_ALERT',
    title: `Event failed: ${event.event_type}`,
    message: `Event ${event.id} (${event.event_type}) of ${event.entity_type} ${event.record_id} failed: ${error}`,
    meta: { event_id: event.id, event_type: event.event_type, error_message: error },
    userIds: [],
    branchId: null,
  };
  const recipients = roles.map((role) => ({ role, scope: 'tenant' }) as const);
  return insertNotifications([notification], recipientsSql(recipients, FIRST_RECIPIENT_PARAMETER));
}
