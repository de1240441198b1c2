import { CHANNELS } from '../../database/channels.js';
import { sql } from '../../database/queries.js';
import { MOST_NAMED_USERS } from '../../events/notification-notice.js';

/**
 * SQL that tells the processes with live streams of the new rows in `immigration_notification`: an expression over
 * those rows, of which it needs `assigned_to_id`. Once per statement, and only when there are any.
 */
export const ANNOUNCED = sql`
  CASE WHEN count(*) > 0 THEN pg_notify(${CHANNELS.notifications}, json_build_object(
    'schema', current_schema(),
    'users', CASE WHEN count(DISTINCT assigned_to_id) <= ${MOST_NAMED_USERS}::integer THEN json_agg(DISTINCT assigned_to_id) END
  )::text) END`;
