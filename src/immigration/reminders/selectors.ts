import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { clockOf } from '../shared/clock.js';
import { expressionOf } from '../shared/columns.js';
import { booleanFilter, idFilter } from '../shared/filters.js';
import { foundPage } from '../shared/found-page.js';
import { linkedInScope, manyLinkedInScope } from '../shared/linked-record.js';
import { named } from '../shared/names.js';
import { Records } from '../shared/records.js';
import { ReminderOutput } from './schemas.js';

export const REMINDER = 'Reminder';

export const reminders = new Records({
  table: 'immigration_reminder',
  output: ReminderOutput,
  columns: { reminder_time: clockOf('r.reminder_time'), created_by_name: named('person', 'created_by_id') },
});

/** Returns the condition that a user sees reminder `r`: one's own, and those on records in scope. */
export function reminderVisible(user: CurrentUser): Sql<boolean> {
  return sql`(r.created_by_id = ${user.id}::bigint OR ${linkedInScope(user)})`;
}

/** The sortable fields of lists: all of the output, by rows `r` of the table. */
const SORTABLE: Readonly<Record<string, Sql>> = {
  ...Object.fromEntries(reminders.fields.map(({ field, source }) => [field, expressionOf(source)])),
  reminder_time: sql`r.reminder_time`,
};

interface Term {
  readonly field: string;
  readonly descends: boolean;
}

const termOf = (text: string): Term => ({ field: text.replace(/^-/, ''), descends: text.startsWith('-') });

/** The latest first; without a date at the end, without a time at the beginning of the day. */
const USUAL_ORDER = ['-reminder_date', '-reminder_time'];

/**
 * Parses `ordering`: fields separated by commas, `-` for descending. Unknown names are ignored, as in DRF; of equal
 * reminders the newer comes first.
 */
function readOrdering(query: QueryParameters): Term[] {
  const asked = (query.text('ordering') ?? '').split(',').map((text) => text.trim());
  const known = asked.filter((text) => Object.hasOwn(SORTABLE, termOf(text).field));
  return [...new Set([...(known.length > 0 ? known : USUAL_ORDER), '-id'])].map(termOf);
}

function orderBy(terms: readonly Term[], column: (field: string) => Sql): Sql {
  return sql.join(
    terms.map(({ field, descends }) => {
      // The id is never null; with NULLS LAST no index on it would serve.
      const nulls = field === 'id' ? sql`` : sql` NULLS LAST`;
      return sql`${column(field)}${descends ? sql` DESC` : sql``}${nulls}`;
    }),
  );
}

/** Returns a page of the reminders that a user sees. */
export async function listReminders(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<ReminderOutput>>> {
  const terms = readOrdering(query);
  const asked = allOf([
    idFilter(query, 'content_type', 'r.content_type_id'),
    idFilter(query, 'object_id', 'r.object_id'),
    booleanFilter(query, 'is_completed'),
    booleanFilter(query, 'read'),
  ]);
  if (scopeOf(user).kind === 'tenant') {
    const order = orderBy(terms, (field) => SORTABLE[field] as Sql);
    return await reminders.list(transaction, page, asked, order);
  }
  const fields = [...new Set(['id', ...terms.map(({ field }) => field)])];
  const columns = fields.map((field) => sql`${SORTABLE[field]} AS ${sql.ref(field)}`);
  const found = sql`
    SELECT ${sql.join(columns)} FROM immigration_reminder r
    WHERE ${asked} AND (r.created_by_id = ${user.id}::bigint OR ${manyLinkedInScope(user)})`;
  const order = orderBy(terms, (field) => sql.ref(`r.${field}`));
  const from = (source: Sql) => reminders.from(source);
  const records = { table: reminders.table, from, found, order, plannedOnce: true };
  return await foundPage(transaction, records, page);
}
