import { sql } from '../../database/sql.js';
import type { Statement } from '../../database/statement.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { jittered } from '../../platform/jitter.js';
import type { DomainEvent } from '../event.js';
import { type InsertedNotification, insertNotifications } from '../handlers/insert-notifications.js';
import { recipientsSql } from '../handlers/recipients.js';

const SAVE = sql`SAVEPOINT alert`;
const UNDO = sql`ROLLBACK TO SAVEPOINT alert`;

/** An event that failed for good, and its error. */
export interface Failure {
  readonly event: DomainEvent;
  readonly error: string;
}

export interface Alerted {
  /** The users who were notified. */
  readonly notified: readonly number[];
  /** Events of which nobody could be notified, with the seconds after which to retry. */
  readonly untold: readonly { readonly id: number; readonly seconds: number }[];
}

/** Bounds of the wait before an unwritten alert is retried, which equals the time it has waited so far. */
const WAIT_SECONDS = { least: 5, most: 3_600 };

/**
 * Notifies the active members of these groups of events that failed for good. If one alert cannot be written, the next
 * ones are postponed with it, since the same error would affect them.
 * @throws database errors that end the transaction
 */
export async function alertOfFailures(
  transaction: Pick<TenantTransaction, 'query' | 'send'>,
  failures: readonly Failure[],
  roles: readonly string[],
): Promise<Alerted> {
  const notified: number[] = [];
  for (const [index, { event, error }] of failures.entries()) {
    try {
      transaction.send(SAVE);
      const rows = await transaction.query(alert(event, error, roles));
      notified.push(...rows.map(({ user }) => user));
    } catch {
      await transaction.query(UNDO);
      const untold = failures
        .slice(index)
        .map((left) => ({ id: left.event.id, seconds: alertWait(left.event) }));
      return { notified, untold };
    }
  }
  return { notified, untold: [] };
}

function alertWait({ processed_at }: DomainEvent): number {
  const age = processed_at === null ? 0 : (Date.now() - Date.parse(processed_at)) / 1_000;
  return jittered(Math.min(WAIT_SECONDS.most, Math.max(WAIT_SECONDS.least, age)));
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
  return insertNotifications([notification], recipientsSql(recipients));
}
