import { writeJson } from '../../database/json.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Statement } from '../../database/statement.js';
import type { State } from '../event.js';
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

const LONGEST_TITLE = 200;

/**
 * Returns the statement that notifies the active addressees, each once per event.
 * @param recipients what `recipientsSql` returned
 */
export function insertNotifications(
  notifications: readonly NewNotification[],
  recipients: Sql<{ id: number }>,
): Statement<InsertedNotification> {
  const rows = notifications.map(({ type, title, message, meta, dueDate = null, userIds, branchId }) => ({
    type,
    title: shortened(title),
    message,
    meta,
    due_date: dueDate,
    user_ids: userIds,
    branch_id: branchId,
  }));
  return sql`
    INSERT INTO immigration_notification (notification_type, title, message, meta_info, due_date, assigned_to_id)
    SELECT r.type, r.title, r.message, r.meta, r.due_date, u.id
    FROM ROWS FROM (jsonb_to_recordset(${writeJson(rows)}::jsonb) AS (
      type text, title text, message text, meta jsonb, due_date timestamptz, user_ids bigint[], branch_id bigint
    )) WITH ORDINALITY AS r (type, title, message, meta, due_date, user_ids, branch_id, place)
    CROSS JOIN LATERAL (${recipients}) who
    JOIN immigration_user u ON u.id = who.id AND u.is_active
    ORDER BY r.place, u.id
    RETURNING id, assigned_to_id AS "user", (meta_info ->> 'event_id')::bigint AS event`;
}

/** Truncates a title to the column's length, in characters. */
function shortened(title: string): string {
  const characters = [...title];
  return characters.length <= LONGEST_TITLE ? title : `${characters.slice(0, LONGEST_TITLE - 1).join('')}…`;
}
