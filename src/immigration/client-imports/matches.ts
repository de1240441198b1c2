import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { branchInScope } from '../shared/branch-scope.js';
import type { Given } from './cells.js';
import { type ClientValues, columnsOf, emailKey, phoneKey } from './client-values.js';

/** A client that a row may be about. */
export interface Target {
  /** Null of one that is only about to be created. */
  id: number | null;
  /** The row of the file that creates it; null of one that was there. */
  readonly row: number | null;
  /** As they are once the rows so far are written; null in a dry run, of one that an earlier part would create. */
  values: ClientValues | null;
}

export interface FindOptions {
  /** Whether what is found is to be changed, and so must be held until the transaction ends. */
  readonly lock: boolean;
  /** In a dry run, the import, whose earlier rows count as if they were written. */
  readonly dryRunOf: number | null;
}

type Found = ClientValues & { readonly id: number; readonly deleted: boolean };

/** Of several clients with one key so many are looked at: it is enough to know that they are several. */
const ENOUGH = 2;

/** Who has an e-mail address, and who a phone number, among the clients that the user may change. */
export class Matches {
  readonly #byEmail = new Map<string, Target[]>();
  readonly #byPhone = new Map<string, Target[]>();

  /** Reads the clients that these rows may be about, in one round trip. */
  static async read(
    transaction: TenantTransaction,
    user: CurrentUser,
    rows: readonly Given[],
    { lock, dryRunOf }: FindOptions,
  ): Promise<Matches> {
    const emails = keys(rows, ({ email }) => emailKey(email));
    const phones = keys(rows, ({ phone_number }) => phoneKey(phone_number));
    const scope = scopeOf(user);
    const inScope = branchInScope(scope, 'r.branch_id');
    const hasEmail = sql`r.deleted_at IS NULL AND r.email <> '' AND lower(r.email)`;
    const hasPhone = sql`r.deleted_at IS NULL AND r.phone_number <> '' AND regexp_replace(r.phone_number, '[^0-9]', '', 'g')`;
    // Key by key along the indexes, whatever the statistics say: a file fills tables faster than these follow.
    const having = (keys: readonly string[], has: RawBuilder<unknown>) => sql`
      SELECT f.id FROM unnest(${keys}::text[]) AS k (key) CROSS JOIN LATERAL (
        SELECT r.id FROM immigration_client r WHERE ${has} = k.key AND ${inScope} LIMIT ${sql.lit(ENOUGH)}) f`;
    const clients = transaction.query(sql<Found>`
      SELECT r.id, r.deleted_at IS NOT NULL AS deleted, ${columnsOf('r')} FROM immigration_client r
      WHERE r.id = ANY (ARRAY(${having(emails, hasEmail)} UNION ${having(phones, hasPhone)}))
      ORDER BY r.id ${lock ? sql`FOR NO KEY UPDATE` : sql``}`);
    const earlierWith = (keys: readonly string[], column: RawBuilder<unknown>) => sql`
      SELECT f.* FROM unnest(${keys}::text[]) AS k (key) CROSS JOIN LATERAL (
        SELECT row_number, email_key, phone_key FROM client_import_row
        WHERE import_id = ${dryRunOf} AND ${column} = k.key LIMIT ${sql.lit(ENOUGH)}) f`;
    const pending =
      dryRunOf === null
        ? []
        : transaction.query(sql<{ row: number; email: string | null; phone: string | null }>`
            SELECT row_number AS "row", email_key AS email, phone_key AS phone FROM (
              ${earlierWith(emails, sql`email_key`)} UNION ${earlierWith(phones, sql`phone_key`)}) earlier
            ORDER BY row_number`);
    const [there, earlier] = await Promise.all([clients, pending]);
    const matches = new Matches();
    for (const { id, deleted, ...values } of there) {
      if (deleted || !covers(scope, values.branch_id)) continue; // meanwhile, while this waited for its lock
      matches.#note({ id, row: null, values }, emailKey(values.email), phoneKey(values.phone_number));
    }
    for (const { row, email, phone } of earlier) matches.#note({ id: null, row, values: null }, email, phone);
    return matches;
  }

  /** The clients with the e-mail address of a row, or else those with its phone number, and which of both it was. */
  find({ email, phone_number }: Given): {
    readonly by: 'email' | 'phone_number';
    readonly targets: Target[];
  } {
    const sameEmail = this.#byEmail.get(emailKey(email) ?? '') ?? [];
    if (sameEmail.length > 0) return { by: 'email', targets: sameEmail };
    return { by: 'phone_number', targets: this.#byPhone.get(phoneKey(phone_number) ?? '') ?? [] };
  }

  /** Takes note of what a client has from now on. */
  add(target: Target, { email, phone_number }: Pick<ClientValues, 'email' | 'phone_number'>): void {
    this.#note(target, emailKey(email), phoneKey(phone_number));
  }

  #note(target: Target, email: string | null, phone: string | null): void {
    for (const [map, key] of [[this.#byEmail, email] as const, [this.#byPhone, phone] as const]) {
      const known = key === null ? [] : (map.get(key) ?? []);
      if (key !== null && !known.includes(target)) map.set(key, [...known, target]);
    }
  }
}

function keys(rows: readonly Given[], keyOf: (row: Given) => string | null): string[] {
  return [...new Set(rows.map(keyOf).filter((key) => key !== null))];
}
