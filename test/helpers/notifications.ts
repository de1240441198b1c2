import { sql } from '../../src/database/sql.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import { insertInto } from '../../src/database/writes.js';
import { newNotificationsNotice } from '../../src/events/new-notifications.js';
import type { TestApp } from './app.js';
import { idOf } from './staff.js';

interface Given {
  readonly title?: string;
  readonly message?: string;
  readonly notification_type?: string;
  readonly due_date?: string;
  readonly is_completed?: boolean;
  readonly created_at?: string;
}

/** Inserts notifications for one of STAFF in a transaction, with their notice. @returns their ids */
export async function insertNotifications(
  transaction: TenantTransaction,
  schema: string,
  username: string,
  given: readonly Given[],
): Promise<number[]> {
  const rows = given.map((one) => ({ ...one, assigned_to_id: idOf(username) }));
  const inserted = await Promise.all(
    rows.map((row) =>
      transaction.query(sql<{ id: number }>`${insertInto('immigration_notification', row)} RETURNING id`),
    ),
  );
  await transaction.query(newNotificationsNotice(schema, [idOf(username)]));
  return inserted.flat().map(({ id }) => id);
}

/** Inserts notifications in a transaction of their own. */
export async function notify(
  { database }: Pick<TestApp, 'database'>,
  username: string,
  given: readonly Given[] = [{}],
  schema = 'tenant_main',
): Promise<number[]> {
  return await database.tenantTransaction({ schema, userId: null }, (transaction) =>
    insertNotifications(transaction, schema, username, given),
  );
}
