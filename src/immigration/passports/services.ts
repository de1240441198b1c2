import type { CurrentUser } from '../../auth/current-user.js';
import { firstOr } from '../../database/pending.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { assignments, insertInto } from '../../database/writes.js';
import { invalidField, invalidPk, notFound } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import type { UserRequest } from '../../routing/route.js';
import { readsLogged } from '../shared/audit-reads.js';
import { type ClientBranch, checkClientScope, clientBranch } from '../shared/client-access.js';
import { checkDateOrder } from '../shared/date-order.js';
import { type Expiring, forgetExpiryReminders, keepExpiryReminders } from '../shared/expiry-reminders.js';
import { TenantTime } from '../shared/tenant-time.js';
import type { PassportChange, PassportInput, PassportOutput } from './schemas.js';
import { passports } from './selectors.js';

// Writers of a client's passport lock the client first, as there may be no passport yet to lock.

/** The values of a new passport that the body does not give. */
const EMPTY = { date_of_issue: null, date_of_expiry: null, place_of_issue: '' };

/** Replaces a client's passport, or adds the first: omitted fields are empty. @throws HttpError 400, 403 */
export async function replacePassport(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: PassportInput,
  { tenant }: UserRequest,
): Promise<Pending<PassportOutput>> {
  const { client_id: id, remind_days_before: days, ...given } = input;
  const values = { ...EMPTY, ...given };
  checkOrder(values);
  const [client] = isId(id) ? await lockClient(transaction, id) : [];
  if (!client) throw invalidPk('client_id', id);
  checkClientScope(user, client);
  keepExpiryReminders(transaction, {
    model: 'passport',
    records: expiring(id, values.date_of_expiry),
    days,
    recipient: user.id,
    today: new TenantTime(tenant).today,
  });
  const written = { ...values, updated_by_id: user.id };
  const writing = sql`
    ${insertInto('immigration_passport', { ...written, id, created_by_id: user.id })}
    ON CONFLICT (id) DO UPDATE SET ${assignments(written)}, updated_at = now()
    RETURNING *`;
  return transaction
    .send(passports.changed(writing))
    .map(firstOr(() => new Error('the writing of a passport returned no row')));
}

/** Changes the given fields of a client's passport. @throws HttpError 404, 403, 400 */
export async function updatePassport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<PassportChange>,
  { tenant }: UserRequest,
): Promise<Pending<PassportOutput>> {
  const stored = await lockPassport(transaction, user, id);
  const { client_id, remind_days_before: days, ...input } = body.read();
  if (client_id !== undefined && client_id !== id) {
    throw invalidField('client_id', 'A passport cannot become that of another client.');
  }
  const passport = { ...stored, ...input };
  checkOrder(passport);
  if (days !== undefined || passport.date_of_expiry !== stored.date_of_expiry) {
    keepExpiryReminders(transaction, {
      model: 'passport',
      records: expiring(id, passport.date_of_expiry),
      days,
      recipient: user.id,
      today: new TenantTime(tenant).today,
    });
  }
  // An empty change makes no entry in the audit log, and yet its answer shows the passport.
  const isSame = Object.entries(input).every(
    ([field, value]) => value === stored[field as keyof typeof stored],
  );
  if (isSame) transaction.send(sql`SELECT ${readsLogged('passport', sql`SELECT ${id}::bigint`)}`);
  return passports.update(transaction, user, id, input);
}

/** Deletes a client's passport, with its open reminders. @throws HttpError 404, 403 */
export async function deletePassport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockPassport(transaction, user, id);
  forgetExpiryReminders(transaction, 'passport', id);
  passports.delete(transaction, user, id);
}

function lockClient(transaction: TenantTransaction, id: number): Promise<ClientBranch[]> {
  return transaction.query(sql<ClientBranch>`${clientBranch(id)} FOR NO KEY UPDATE`);
}

/** Locks a client's passport. @throws HttpError 404; 403 when the client is out of scope, with passport or without */
async function lockPassport(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const [[client], [passport]] = await Promise.all([
    lockClient(transaction, id),
    transaction.query(passports.locking(id)),
  ]);
  if (!client) throw notFound('Passport');
  checkClientScope(user, client);
  if (!passport) throw notFound('Passport');
  return passport;
}

function checkOrder(passport: Readonly<Record<string, unknown>>): void {
  checkDateOrder(passport, 'date_of_issue', 'date_of_expiry');
}

function expiring(id: number, expiry: string | null) {
  return sql<Expiring>`
    SELECT ${id}::bigint AS id, ${id}::bigint AS client_id, 'Passport' AS what, ${expiry}::date AS expiry`;
}
