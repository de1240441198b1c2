import type { CurrentUser } from '../../auth/current-user.js';
import { branchInScope, covers, scopeOf } from '../../auth/scope.js';
import { foldText } from '../../database/folding.js';
import { caselessColumn } from '../../database/same-text.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { TimeSlices } from '../../platform/time-slices.js';
import type { Given } from './cells.js';
import { type ClientValues, columnsOf } from './client-values.js';
import { emailKey } from './email-addresses.js';
import { areSameWords, fullName, nameWords } from './names.js';
import { phoneKey } from './phone-numbers.js';

/** A client that a row may mean. */
export interface Target {
  /** Null for a client that is yet to be created. */
  id: number | null;
  /** The row of the file that creates it; null for an existing client. */
  readonly row: number | null;
  name: string;
  /**
   * Its values once the previous rows are written, at least those of the columns' fields; null in a dry run for one that
   * an earlier part would create.
   */
  values: ClientValues | null;
}

/** The clients that a row may mean. */
export interface ClientMatch {
  /** The field that matches. */
  readonly by: 'email' | 'phone_number';
  readonly targets: readonly Target[];
  /** Whether none of them can have the row's name. */
  readonly isOtherName: boolean;
}

export interface FindOptions {
  /** Whether the matches are to be changed, and so must stay locked until the transaction ends. */
  readonly lock: boolean;
  /** In a dry run, the import, whose earlier rows count as if they were written. */
  readonly dryRunOf: number | null;
  /** The columns' fields: others are not compared, and so not read, since many clients may match and be large. */
  readonly fields: readonly string[];
}

/** The fields by which clients are found and shown. */
const OWN_FIELDS = ['first_name', 'middle_name', 'last_name', 'email', 'phone_number', 'branch_id'];

type FoundClient = ClientValues & { readonly id: number; readonly deleted: boolean };

/** A key to look up, and the name in its row. */
interface Wanted {
  readonly key: string;
  /** Folded. */
  readonly first: string;
  readonly full: string;
}

interface Named {
  readonly target: Target;
  words: readonly string[];
}

/**
 * Maximum numbers of clients with the same key (an agent may give one address for all of their clients) that are
 * searched for the row's first name, and that are compared by their full names.
 */
const LOOKED_THROUGH = 1_000;
const COMPARED = 20;

/** The clients with certain e-mail addresses or phone numbers, among those that the user may change. */
export class Matches {
  readonly #byEmail = new Map<string, Named[]>();
  readonly #byPhone = new Map<string, Named[]>();

  /** Reads the clients that these rows may mean, in one round trip. */
  static async read(
    transaction: TenantTransaction,
    user: CurrentUser,
    rows: readonly Given[],
    { lock, dryRunOf, fields }: FindOptions,
  ): Promise<Matches> {
    const emails = await wanted(rows, ({ email }) => emailKey(email));
    const phones = await wanted(rows, ({ phone_number }) => phoneKey(phone_number));
    const scope = scopeOf(user);
    const inScope = branchInScope(scope, 'r.branch_id');
    const hasEmail = sql`r.deleted_at IS NULL AND r.email <> '' AND ${caselessColumn('r.email')}`;
    const hasPhone = sql`r.deleted_at IS NULL AND r.phone_number <> '' AND regexp_replace(r.phone_number, '[^0-9]', '', 'g')`;
    // Key by key along the indexes, whatever the statistics say: an import fills tables faster than these follow.
    const having = (keys: readonly Wanted[], has: Sql) => sql`
      SELECT f.id FROM ${listed(keys, 'first')} CROSS JOIN LATERAL (
        SELECT c.id FROM (
          SELECT r.id, r.first_name FROM immigration_client r
          WHERE ${has} = k.key AND ${inScope} LIMIT ${sql.lit(LOOKED_THROUGH)}) c
        ORDER BY (public.fold_text(c.first_name) = k.name) DESC, c.id LIMIT ${sql.lit(COMPARED)}) f`;
    const clients = transaction.query(sql<FoundClient>`
      SELECT r.id, r.deleted_at IS NOT NULL AS deleted, ${columnsOf('r', [...fields, ...OWN_FIELDS])}
      FROM immigration_client r
      WHERE r.id = ANY (ARRAY(${having(emails, hasEmail)} UNION ${having(phones, hasPhone)}))
      ORDER BY r.id ${lock ? sql`FOR NO KEY UPDATE` : sql``}`);
    const earlierWith = (keys: readonly Wanted[], column: Sql) => sql`
      SELECT f.* FROM ${listed(keys, 'full')} CROSS JOIN LATERAL (
        SELECT e.* FROM (
          SELECT row_number, email_key, phone_key, name_key FROM client_import_row
          WHERE import_id = ${dryRunOf} AND ${column} = k.key LIMIT ${sql.lit(LOOKED_THROUGH)}) e
        ORDER BY (public.fold_text(e.name_key) = k.name) DESC, e.row_number LIMIT ${sql.lit(COMPARED)}) f`;
    const pending =
      dryRunOf === null
        ? []
        : transaction.query(sql<{ row: number; email: string | null; phone: string | null; name: string }>`
            SELECT row_number AS "row", email_key AS email, phone_key AS phone, coalesce(name_key, '') AS name FROM (
              ${earlierWith(emails, sql`email_key`)} UNION ${earlierWith(phones, sql`phone_key`)}) earlier
            ORDER BY row_number`);
    const [there, earlier] = await Promise.all([clients, pending]);
    const matches = new Matches();
    const slices = new TimeSlices();
    for (const { id, deleted, ...values } of there) {
      if (deleted || !covers(scope, values.branch_id)) continue; // changed while this waited for its lock
      const target = { id, row: null, name: fullName(values), values };
      matches.#note(target, emailKey(values.email), phoneKey(values.phone_number));
      if (slices.isOver) await slices.next();
    }
    for (const { row, email, phone, name } of earlier) {
      matches.#note({ id: null, row, name, values: null }, email, phone);
      if (slices.isOver) await slices.next();
    }
    return matches;
  }

  /**
   * Finds the clients that a row may mean: those with its e-mail address and a matching name, or else those with its
   * phone number and a matching name, or else those with either of the two and other names.
   */
  find(given: Given): ClientMatch | null {
    const withEmail = this.#byEmail.get(emailKey(given.email) ?? '') ?? [];
    const withPhone = this.#byPhone.get(phoneKey(given.phone_number) ?? '') ?? [];
    const words = nameWords(fullName(given));
    const ways = [['email', withEmail] as const, ['phone_number', withPhone] as const];
    for (const [by, named] of ways) {
      const same = named.filter((one) => areSameWords(words, one.words));
      if (same.length > 0) return { by, targets: same.map(({ target }) => target), isOtherName: false };
    }
    const [by, others] = ways.find(([, named]) => named.length > 0) ?? [];
    if (!by || !others) return null;
    return { by, targets: others.map(({ target }) => target), isOtherName: true };
  }

  /** Records a client's keys from now on. */
  add(target: Target, { email, phone_number }: Pick<ClientValues, 'email' | 'phone_number'>): void {
    this.#note(target, emailKey(email), phoneKey(phone_number));
  }

  #note(target: Target, email: string | null, phone: string | null): void {
    const words = nameWords(target.name);
    for (const [map, key] of [[this.#byEmail, email] as const, [this.#byPhone, phone] as const]) {
      if (key === null) continue;
      const known = map.get(key) ?? [];
      const itself = known.find((one) => one.target === target);
      if (itself) itself.words = words;
      else known.push({ target, words });
      map.set(key, known);
    }
  }
}

/** Returns the keys of rows with their names, each pair once. */
async function wanted(rows: readonly Given[], keyOf: (row: Given) => string | null): Promise<Wanted[]> {
  const slices = new TimeSlices();
  const found = new Map<string, Wanted>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === null) continue;
    const full = foldText(fullName(row));
    found.set(`${key}\n${full}`, { key, full, first: foldText(row.first_name ?? '') });
    if (slices.isOver) await slices.next();
  }
  return [...found.values()];
}

/** Returns SQL for the keys as rows `k` with `key` and `name`. */
function listed(keys: readonly Wanted[], name: 'first' | 'full'): Sql {
  const names = keys.map((one) => one[name]);
  return sql`unnest(${keys.map(({ key }) => key)}::text[], ${names}::text[]) AS k (key, name)`;
}
