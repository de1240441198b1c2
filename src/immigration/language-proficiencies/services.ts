import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { insertInto } from '../../database/writes.js';
import { invalidPk } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import type { UserRequest } from '../../routing/route.js';
import { examResult } from '../shared/exam-results.js';
import { forgetExpiryReminders, keepExpiryReminders } from '../shared/expiry-reminders.js';
import { TenantTime } from '../shared/tenant-time.js';
import type { ProficiencyChange, ProficiencyInput, ProficiencyOutput } from './schemas.js';
import { proficiencies } from './selectors.js';

/** Fields that determine when a result expires, and the text of its reminders. */
const REMINDED = ['client_id', 'test_name_id', 'test_date'] as const;

/** Stores a client's result of a language exam, or that they are taking it. @throws HttpError 400, 403 */
export async function createProficiency(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: ProficiencyInput,
  { tenant }: UserRequest,
): Promise<Pending<ProficiencyOutput>> {
  const { remind_days_before: days, ...values } = input;
  await Promise.all([
    requireExam(transaction, input.test_name_id),
    proficiencies.checkNew(transaction, user, values),
  ]);
  if (!days) return proficiencies.insert(transaction, user, values);
  // The reminders reference the record, so it is stored first.
  const row = { ...values, created_by_id: user.id, updated_by_id: user.id };
  const [stored] = await transaction.query(sql<Parameters<typeof examResult>[0]>`
    ${insertInto('immigration_proficiency', row)} RETURNING id, client_id, test_name_id, test_date`);
  if (!stored) throw new Error('the storing of a result returned no row');
  keepExpiryReminders(transaction, {
    model: 'proficiency',
    records: examResult(stored),
    days,
    recipient: user.id,
    today: new TenantTime(tenant).today,
  });
  return proficiencies.read(transaction, user, stored.id);
}

/** Changes the given fields of a result. @throws HttpError 404, 403, 400 */
export async function updateProficiency(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<ProficiencyChange>,
  { tenant }: UserRequest,
): Promise<Pending<ProficiencyOutput>> {
  const stored = await proficiencies.lock(transaction, user, id);
  const { remind_days_before: days, ...input } = body.read();
  const result = { ...stored, ...input };
  const changed = REMINDED.some((field) => result[field] !== stored[field]);
  const reminds = changed || days !== undefined;
  await Promise.all([
    // Includes the present exam, whose term must not change meanwhile.
    (reminds || input.test_name_id !== undefined) &&
      result.test_name_id !== null &&
      requireExam(transaction, result.test_name_id),
    proficiencies.checkChange(transaction, user, stored, input),
  ]);
  if (reminds) {
    keepExpiryReminders(transaction, {
      model: 'proficiency',
      records: examResult(result),
      days,
      anew: changed,
      recipient: user.id,
      today: new TenantTime(tenant).today,
    });
  }
  return proficiencies.store(transaction, user, stored, input);
}

/** Deletes a result, with its open reminders. @throws HttpError 404, 403 */
export async function deleteProficiency(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await proficiencies.delete(transaction, user, id);
  forgetExpiryReminders(transaction, 'proficiency', id);
}

/** Locks an exam until the transaction ends. @throws HttpError 400 when there is none */
async function requireExam(transaction: TenantTransaction, id: number): Promise<void> {
  const held = sql`SELECT id FROM immigration_lpe WHERE id = ${id}::bigint FOR SHARE`;
  const [exam] = isId(id) ? await transaction.query(held) : [];
  if (!exam) throw invalidPk('test_name_id', id);
}
