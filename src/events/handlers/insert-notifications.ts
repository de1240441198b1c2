import { writeJson } from '../../database/json.js';
import { type Sql, sql } from '../../database/sql.js';
import type { State } from '../event.js';
import { insertingNotifications } from '../new-notifications.js';
import type { Addressees } from './recipients.js';

/** A notification of an event for each of its addressees. */
export interface NewNotification extends Addressees {
  readonly type: string;
  readonly title: string;
  readonly message: string;
  readonly meta: State & { readonly event_id: number };
  /** ISO 8601. */
  readonly dueDate?: string | null;
}

export interface InsertedNotification {
  readonly id: number;
  readonly user: number;
  readonly event: number;
}

/**
 * Returns the statement that notifies the active addressees, each once per event.
 * @param recipients what `recipientsSql` returned
 */
export function insertNotifications(
  notifications: readonly NewNotification[],
  recipients: Sql<{ id: number }>,
): Sql<InsertedNotification> {
  const rows = notifications.map(({ type, title, message, meta, dueDate = null, userIds, branchId }) => ({
    type,
    title,
    message,
    meta,
    due_date: dueDate,
    user_ids: userIds,
    branch_id: branchId,
  }));
  return insertingNotifications(
    {
      type: sql`r.type`,
      title: sql`r.title`,
      message: sql`r.message`,
      dueDate: sql`r.due_date`,
      user: sql`u.id`,
      meta: sql`r.meta`,
      from: sql`ROWS FROM (jsonb_to_recordset(${writeJson(rows)}::jsonb) AS (
        type text, title text, message text, meta jsonb, due_date timestamptz, user_ids bigint[], branch_id bigint
      )) WITH ORDINALITY AS r (type, title, message, meta, due_date, user_ids, branch_id, place)
      CROSS JOIN LATERAL (${recipients}) who
      JOIN immigration_user u ON u.id = who.id AND u.is_active`,
      order: sql`r.place, u.id`,
    },
    sql<InsertedNotification>`id, assigned_to_id AS "user", (meta_info ->> 'event_id')::bigint AS event`,
  );
}
