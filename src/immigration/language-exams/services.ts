import type { CurrentUser } from '../../auth/current-user.js';
import { isSameText, isText } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import type { UserRequest } from '../../routing/route.js';
import { resultsOfExam } from '../shared/exam-results.js';
import { keepExpiryReminders } from '../shared/expiry-reminders.js';
import { TenantTime } from '../shared/tenant-time.js';
import { claimName } from '../shared/unique-name.js';
import { refuseIfUsed } from '../shared/used-by.js';
import type { LanguageExamChange, LanguageExamInput, LanguageExamOutput } from './schemas.js';
import { languageExams } from './selectors.js';

/** Creates a language exam. @throws HttpError 400 when another one has the name */
export async function createLanguageExam(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: LanguageExamInput,
): Promise<Pending<LanguageExamOutput>> {
  await checkName(transaction, input.name);
  return languageExams.insert(transaction, user, input);
}

/**
 * Changes the given fields of a language exam. With its term the expiry dates of results change, and so their requested
 * reminders.
 * @throws HttpError 404, 400
 */
export async function updateLanguageExam(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<LanguageExamChange>,
  { tenant }: UserRequest,
): Promise<Pending<LanguageExamOutput>> {
  const exam = await languageExams.lock(transaction, id);
  const input = body.read();
  if (input.name !== undefined && !isSameText(input.name, exam.name))
    await checkName(transaction, input.name);
  if (input.validity_term !== undefined && input.validity_term !== exam.validity_term) {
    keepExpiryReminders(transaction, {
      model: 'proficiency',
      records: resultsOfExam(id, input.validity_term),
      recipient: user.id,
      today: new TenantTime(tenant).today,
    });
  }
  return languageExams.update(transaction, user, id, input);
}

/** Deletes a language exam that nobody has taken. @throws HttpError 404, 400 */
export async function deleteLanguageExam(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await languageExams.lockToDelete(transaction, id);
  await refuseIfUsed(transaction, 'lpe', id);
  languageExams.delete(transaction, user, id);
}

async function checkName(transaction: TenantTransaction, name: string): Promise<void> {
  const taken = sql<boolean>`EXISTS (SELECT FROM immigration_lpe WHERE ${isText('name', name)})`;
  await claimName(transaction, 'lpe', name, taken, () =>
    invalidField('name', 'language proficiency exam with this name already exists.'),
  );
}
