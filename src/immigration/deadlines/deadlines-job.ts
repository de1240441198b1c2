import { type Sql, sql } from '../../database/sql.js';
import { ANNOUNCED, insertingNotifications } from '../../events/new-notifications.js';
import { type DueContext, dueJob } from '../../jobs/due-job.js';
import type { Job } from '../../jobs/job.js';
import { ALERT_DAYS_KEY, alertDaysIn } from '../../tenancy/deadline-alerts.js';
import { usableTimeZone } from '../../tenancy/time-zone.js';
import { EXPIRING, expiringTitle } from '../shared/expiring.js';
import { branchAdmins, nearestUsers } from '../shared/responsible-users.js';

/** Maximum number of days for which a missed alert after the deadline is made up. */
const MADE_UP_FOR = 30;
/**
 * Number of days for which an alert is remembered after it can no longer be due; more than clocks and time zones move.
 */
const REMEMBERED = 30;

const zone = ({ basis }: DueContext) => sql<string>`(${basis}::jsonb ->> 'zone')`;
const today = (context: DueContext) => sql<string>`(${context.now} AT TIME ZONE ${zone(context)})::date`;

/** The user responsible for deadline `x` of client `c`, if active. */
const ASSIGNEE = sql`
  SELECT u.id FROM immigration_user u
  WHERE u.is_active AND u.id IN (x.assigned_to_id, c.assigned_to_id)
  ORDER BY u.id = x.assigned_to_id DESC NULLS LAST LIMIT 1`;

/**
 * Returns the recipients for deadline `x` of client `c`: the assignee or else the branch's admins, and both once it is
 * overdue.
 */
const recipients = (context: DueContext) =>
  nearestUsers([
    { users: sql`SELECT assignee.id WHERE assignee.id IS NOT NULL`, rank: sql`0` },
    {
      users: branchAdmins(sql`c.branch_id`),
      rank: sql`CASE WHEN x.due_date < ${today(context)} THEN 0 ELSE 1 END`,
    },
  ]);

// Due alerts are found in steps each of which leaves little to the next, so that their order is the best whatever
// PostgreSQL knows of the tables' sizes.

/** Returns the deadlines that may be within an interval. */
const near = (context: DueContext) => sql`
  SELECT x.* FROM (${EXPIRING}) x
  WHERE x.due_date >= ${today(context)} - (${context.basis}::jsonb ->> 'back')::integer
    AND x.due_date <= ${today(context)} + (${context.basis}::jsonb ->> 'ahead')::integer`;

/** Returns those whose latest interval had no alert; an interval before the deadline holds until then. */
const untold = (context: DueContext) => sql`
  SELECT x.*, i.days
  FROM near x
  CROSS JOIN LATERAL (
    SELECT max(d.days) AS days
    FROM (SELECT value::integer AS days FROM jsonb_array_elements_text(${context.basis}::jsonb -> 'days')) d
    WHERE x.due_date + d.days <= ${today(context)}
      AND ${today(context)} <= x.due_date + CASE WHEN d.days > 0 THEN d.days + ${MADE_UP_FOR}::integer ELSE 0 END
    OFFSET 0
  ) i
  WHERE i.days IS NOT NULL AND NOT EXISTS (
    SELECT FROM deadline_alert o
    WHERE o.kind = x.kind AND o.record_id = x.id AND o.due_date = x.due_date AND o.days = i.days)`;

/** Returns those with recipients. */
const due = (context: DueContext, limit: number | null) => sql`
  SELECT x.*, x.due_date - ${today(context)} AS days_left, trim(c.first_name || ' ' || c.last_name) AS client_name, who.recipients
  FROM untold x
  CROSS JOIN LATERAL (
    SELECT * FROM immigration_client c WHERE c.id = x.client_id AND c.deleted_at IS NULL OFFSET 0) c
  CROSS JOIN LATERAL (SELECT (${ASSIGNEE}) AS id OFFSET 0) assignee
  CROSS JOIN LATERAL (
    SELECT array_agg(told.id ORDER BY told.id) AS recipients FROM ${recipients(context)} told OFFSET 0
  ) who
  WHERE who.recipients IS NOT NULL
  ORDER BY x.due_date, x.kind, x.id LIMIT ${limit}`;

const IN_DAYS = sql`CASE
  WHEN days_left = 0 THEN 'today'
  WHEN days_left > 0 THEN format('in %s day%s', days_left, CASE WHEN days_left > 1 THEN 's' END)
  ELSE format('%s day%s ago', -days_left, CASE WHEN days_left < -1 THEN 's' END) END`;

const HAPPENS = sql`CASE
  WHEN due.kind = 'INTAKE' THEN CASE WHEN due.days_left < 0 THEN 'began' ELSE 'begins' END
  ELSE CASE WHEN due.days_left < 0 THEN 'expired' ELSE 'expires' END END`;

/** The message: the name of a deadline, its client, and its date. */
const MESSAGE = sql`format('%s of %s %s on %s, %s', title, client_name, happens, due_date, ${IN_DAYS})`;

const META = sql`jsonb_build_object(
    'reminder_id', NULL, 'reminder_title', title, 'reminder_date', due_date, 'reminder_time', NULL,
    'content_type', content_type, 'object_id', id, 'deadline_kind', kind, 'client_id', client_id, 'days_left', days_left)`;

/** Returns the memory of an alert and its notifications in one statement: there are never those without the other. */
const notify = (context: DueContext, limit: number | null): Sql<{ done: number }> => sql`
  WITH near AS MATERIALIZED (${near(context)}), untold AS MATERIALIZED (${untold(context)}), due AS MATERIALIZED (${due(context, limit)}),
  told AS (
    INSERT INTO deadline_alert (kind, record_id, due_date, days)
    SELECT kind, id, due_date, days FROM due ORDER BY due_date, kind, id
    ON CONFLICT DO NOTHING
    RETURNING kind, record_id
  ), forgotten AS (
    DELETE FROM deadline_alert
    WHERE due_date < ${today(context)} - ${MADE_UP_FOR + REMEMBERED}::integer
      AND due_date + greatest(days, 0) < ${today(context)} - ${MADE_UP_FOR + REMEMBERED}::integer
  ), named AS (
    SELECT due.*, ${HAPPENS} AS happens, ${expiringTitle(sql`due.kind`, sql`due.id`)} AS title, k.id AS content_type
    FROM due
    JOIN told ON told.kind = due.kind AND told.record_id = due.id
    JOIN django_content_type k ON k.app_label = 'immigration' AND k.model = due.model
  ), made AS (
    ${insertingNotifications({
      type: sql`'REMINDER_DUE'`,
      title: sql`format('%s %s', initcap(kind), happens)`,
      message: MESSAGE,
      dueDate: sql`due_date::timestamp AT TIME ZONE ${zone(context)}`,
      user: sql`recipient`,
      meta: META,
      from: sql`named CROSS JOIN unnest(recipients) recipient`,
      order: sql`due_date, kind, id, recipient`,
    })}
  )
  SELECT count(*)::integer AS done, ${ANNOUNCED} FROM made`;

/**
 * Returns the next due time. Intervals begin with a day. New records are found within about an hour, as for any job.
 */
const next = (context: DueContext): Sql<string> =>
  sql`SELECT (${today(context)} + 1)::timestamp AT TIME ZONE ${zone(context)}`;

/**
 * The job that alerts of expiring records: once for each of the tenant's intervals. Tasks and reminders have jobs of
 * their own.
 */
export const deadlinesJob: Job = dueJob({
  name: 'deadlines',
  summary: 'notify of passports, visas and intakes at the intervals before and after their date',
  every: 60,
  basis: () => null,
  tenantBasis: sql`jsonb_build_object('zone', t.settings -> 'time_zone', 'alerts', t.settings -> ${ALERT_DAYS_KEY}::text)::text`,
  usableBasis(basis) {
    const { zone, alerts } = JSON.parse(basis) as { zone: unknown; alerts: unknown };
    const { before, after } = alertDaysIn(alerts);
    return JSON.stringify({
      zone: usableTimeZone(zone),
      days: [...before.map((days) => -days), ...after],
      ahead: Math.max(0, ...before),
      back: after.length > 0 ? Math.max(...after) + MADE_UP_FOR : 0,
    });
  },
  doDue: notify,
  nextDue: next,
});
