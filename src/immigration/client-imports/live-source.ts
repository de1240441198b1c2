import { sql } from '../../database/sql.js';
import type { NotificationSource } from '../../live/source.js';
import { shownProgress } from './progress.js';
import type { ImportRow } from './records.js';

const SHOWN = Object.keys(shownProgress({} as ImportRow));

/** The queries of imports that the live stream reports while notices do not arrive. */
export const liveImports: Pick<NotificationSource, 'importsLately'> = {
  importsLately: (users, seconds) => sql<{ user: number; progress: object }>`
    SELECT r.acting_user_id AS "user", (SELECT to_json(shown) FROM (SELECT ${sql.join(SHOWN.map((name) => sql.ref(`r.${name}`)))}) shown) AS progress
    FROM client_import r
    WHERE r.acting_user_id = ANY (${users}::bigint[])
      AND (r.status IN ('CHECKING', 'RUNNING', 'UNDOING') OR r.updated_at > now() - make_interval(secs => ${seconds}))
    ORDER BY r.id`,
};
