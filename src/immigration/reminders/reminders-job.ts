import { type Sql, sql } from '../../database/sql.js';
import { ANNOUNCED, insertingNotifications } from '../../events/new-notifications.js';
import { type DueContext, dueJob } from '../../jobs/due-job.js';
import type { Job } from '../../jobs/job.js';
import { usableTimeZone } from '../../tenancy/time-zone.js';
import { answerableUsers } from '../shared/responsible-users.js';

/**
 * Returns the due time: date and time in the tenant's time zone. A skipped time counts as the same span after midnight,
 * a repeated one as the second: PostgreSQL's own rules.
 */
const dueAt = (zone: string) =>
  sql<string>`(r.reminder_date + coalesce(r.reminder_time, time '00:00')) AT TIME ZONE ${zone}::text`;

/** Reminders with a recipient: the creator or else the client's assignee; `ANSWERABLE` stands in for disabled users. */
const WAITING = sql`
  FROM immigration_reminder r
  LEFT JOIN django_content_type k ON k.id = r.content_type_id AND k.app_label = 'immigration' AND k.model = 'client'
  LEFT JOIN immigration_client c ON k.id IS NOT NULL AND c.id = r.object_id
  WHERE NOT r.notification_created AND NOT r.is_completed
    AND coalesce(r.created_by_id, c.assigned_to_id) IS NOT NULL`;

const today = ({ now, basis: zone }: DueContext) => sql`(${now} AT TIME ZONE ${zone}::text)::date`;

const ANSWERABLE = answerableUsers(
  [sql`r.created_by_id`, sql`r.client_assignee`],
  sql`SELECT branch_id FROM immigration_user_branches WHERE user_id = coalesce(r.created_by_id, r.client_assignee)`,
);

/** The notifications of the reminders `taken`. */
const MADE = insertingNotifications({
  type: sql`'REMINDER_DUE'`,
  title: sql`'Reminder due'`,
  message: sql`title`,
  dueDate: sql`due_at`,
  user: sql`who.id`,
  meta: sql`jsonb_build_object(
      'reminder_id', r.id, 'reminder_title', title, 'reminder_date', reminder_date, 'reminder_time', reminder_time,
      'content_type', content_type_id, 'object_id', object_id)`,
  from: sql`taken r CROSS JOIN LATERAL ${ANSWERABLE} who`,
  order: sql`due_at, r.id, who.id`,
});

/** Returns a reminder's flag and its notification in one statement: there is never one without the other. */
const notify = (context: DueContext, limit: number | null): Sql<{ done: number }> => sql`
  WITH due AS MATERIALIZED (
    SELECT r.id, ${dueAt(context.basis)} AS due_at, c.assigned_to_id AS client_assignee
    ${WAITING} AND r.reminder_date <= ${today(context)} AND ${dueAt(context.basis)} <= ${context.now}
    ORDER BY r.reminder_date, r.id
    LIMIT ${limit}
    FOR UPDATE OF r SKIP LOCKED
  ), taken AS (
    UPDATE immigration_reminder r SET notification_created = true
    FROM due WHERE r.id = due.id
    RETURNING r.*, due.due_at, due.client_assignee
  ), made AS (
    ${MADE}
  )
  SELECT count(*)::integer AS done, ${ANNOUNCED} FROM made`;

/** Returns the next due time, of tomorrow at the latest, since nobody relies on it for longer than an hour. */
const next = (context: DueContext): Sql<string | null> =>
  sql`SELECT min(${dueAt(context.basis)}) ${WAITING} AND r.reminder_date <= ${today(context)} + 1`;

/** The job that notifies of due reminders, once each. */
export const remindersJob: Job = dueJob({
  name: 'reminders',
  summary: 'notify of reminders that are due',
  every: 5,
  basis: () => null,
  usableBasis: usableTimeZone,
  doDue: notify,
  nextDue: next,
});
