import { Type } from '@sinclair/typebox';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { tooMany } from '../../http/fields/bounds.js';
import { type Field, FieldError } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { fullName } from './people.js';

// Reminders of expiring records, as requested with the record. They are listed in `expiry_reminder`, so that they
// follow the expiry date; otherwise they are ordinary reminders.

const FURTHEST_DAYS = 3650;
const MOST = 10;

/**
 * Returns the field of a body that requests reminders: the days before the expiry.
 * @param expiry what expires when, for the documentation
 */
export function remindDaysBefore(expiry: string): Field<number[], false> {
  const days = list(integer({ min: 0, max: FURTHEST_DAYS }));
  return {
    ...days,
    schema: Type.Unsafe({
      ...days.schema,
      maxItems: MOST,
      description: `Reminds the client's assignee, or else who asks, so many days before ${expiry}: [90, 30, 7]. An empty list removes the open reminders; left out, they move with that day.`,
    }),
    parse(value) {
      const given = [...new Set(days.parse(value))];
      if (given.length > MOST) throw FieldError.of(tooMany(MOST));
      return given;
    },
  };
}

/** An expiring record, as `keepExpiryReminders` needs it from its query. */
export interface Expiring {
  readonly id: number;
  readonly client_id: number;
  /** Null for never. */
  readonly expiry: string | null;
  /** Its name in a reminder: "Passport". */
  readonly what: string;
}

export interface ExpiryReminders {
  /** The model of the records' content type. */
  readonly model: 'passport' | 'proficiency';
  readonly records: Sql<Expiring>;
  /** The days in the body; undefined for those requested before. */
  readonly days?: readonly number[] | undefined;
  /** Rewrites open reminders even with an unchanged expiry, because their text has changed. */
  readonly anew?: boolean;
  /** The recipient for clients that are assigned to nobody. */
  readonly recipient: number;
  /** The tenant's date. */
  readonly today: string;
}

/**
 * Updates the reminders of records after their expiry changes or reminders are requested; requesting twice makes none
 * twice. Open ones move with the expiry, and become due again if their day is still ahead; unwanted ones are removed,
 * as are those of records found to have expired. Completed ones stay. Of the days that have already passed only the
 * last makes a reminder. The caller has locked the records. Everything shares the round trip of the next statement.
 */
export function keepExpiryReminders(transaction: TenantTransaction, reminders: ExpiryReminders): void {
  const { days = [] } = reminders;
  transaction.send(dropping(reminders));
  transaction.send(moving(reminders));
  if (days.length > 0) transaction.send(adding(reminders, days));
}

/** Removes the open reminders of a record that is about to be deleted. */
export function forgetExpiryReminders(
  transaction: TenantTransaction,
  model: ExpiryReminders['model'],
  id: number,
): void {
  transaction.send(sql`
    WITH forgotten AS (DELETE FROM expiry_reminder WHERE model = ${model} AND record_id = ${id} RETURNING reminder_id)
    DELETE FROM immigration_reminder r USING forgotten f WHERE r.id = f.reminder_id AND NOT r.is_completed`);
}

function dropping({ model, records, days, today }: ExpiryReminders): Sql {
  const unwanted = days === undefined ? sql`false` : sql`e.days_before <> ALL (${days}::integer[])`;
  return sql`
    DELETE FROM immigration_reminder r USING expiry_reminder e, (${records}) x
    WHERE r.id = e.reminder_id AND e.model = ${model} AND e.record_id = x.id AND NOT r.is_completed
      AND (x.expiry IS NULL OR (x.expiry <> e.expires_on AND x.expiry < ${today}::date) OR ${unwanted})`;
}

function moving({ model, records, anew = false, recipient, today }: ExpiryReminders): Sql {
  return sql`
    WITH moved AS (
      UPDATE expiry_reminder e SET expires_on = x.expiry
      FROM (${records}) x, immigration_reminder r
      WHERE e.model = ${model} AND e.record_id = x.id AND r.id = e.reminder_id AND NOT r.is_completed
        AND (e.expires_on <> x.expiry OR ${anew}::boolean)
      RETURNING e.reminder_id, e.days_before, x.*
    )
    UPDATE immigration_reminder r
    SET reminder_date = x.expiry - x.days_before, title = ${TITLE}, meta_info = ${metaInfo('x.days_before')},
        created_by_id = coalesce(c.assigned_to_id, ${recipient}::bigint), read = false,
        notification_created = r.notification_created AND x.expiry - x.days_before < ${today}::date
    FROM moved x JOIN immigration_client c ON c.id = x.client_id
    WHERE r.id = x.reminder_id`;
}

function adding({ model, records, recipient, today }: ExpiryReminders, days: readonly number[]): Sql {
  const wanted = sql`${days}::integer[]`;
  return sql`
    WITH made AS (
      INSERT INTO immigration_reminder (content_type_id, object_id, title, reminder_date, meta_info, created_by_id)
      SELECT k.id, x.id, ${TITLE}, x.expiry - d.days, ${metaInfo('d.days')},
             coalesce(c.assigned_to_id, ${recipient}::bigint)
      FROM (${records}) x
      JOIN immigration_client c ON c.id = x.client_id
      JOIN django_content_type k ON k.app_label = 'immigration' AND k.model = ${model}
      CROSS JOIN unnest(${wanted}) d (days)
      WHERE x.expiry >= ${today}::date
        AND d.days <= coalesce(
          (SELECT min(passed) FROM unnest(${wanted}) passed WHERE passed > x.expiry - ${today}::date), d.days)
        AND NOT EXISTS (
          SELECT FROM expiry_reminder e
          WHERE e.model = ${model} AND e.record_id = x.id AND e.days_before = d.days AND e.expires_on = x.expiry)
      RETURNING id, object_id, reminder_date
    )
    INSERT INTO expiry_reminder (reminder_id, model, record_id, days_before, expires_on)
    SELECT m.id, ${model}, x.id, x.expiry - m.reminder_date, x.expiry
    FROM made m JOIN (${records}) x ON x.id = m.object_id`;
}

// For records `x` and their clients `c`.

const TITLE = sql`left(format('%s of %s expires on %s', x.what, ${fullName('c')}, x.expiry), 255)`;

function metaInfo(days: string): Sql {
  return sql`jsonb_build_object('client_id', x.client_id, 'expires_on', x.expiry, 'days_before', ${sql.ref(days)})`;
}
