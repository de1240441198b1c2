import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField } from '../../http/errors.js';
import { servePart } from './check-or-run.js';
import { PART_ROWS } from './file-draft.js';
import { checkWaiting, type ImportLimits } from './limits.js';
import { checkMayWork } from './policy.js';
import { endWork, forgetResults, type ImportRow, type ImportStatus, type WorkStatus } from './records.js';
import { lockImport, readImport } from './selectors.js';
import { checkStatus } from './states.js';

// Each action begins or ends work. The import's row is locked first, so that of two concurrent actions the second one
// sees the state that the first has left, and is rejected if that forbids it.

/** Maximum number of rows of files that are checked while the request waits; a worker checks longer ones. */
const CHECKED_AT_ONCE = 2 * PART_ROWS;

/** Determines what a run would do, and writes no client. @throws HttpError 404, 403, 400, 429 */
export async function dryRun(
  limits: ImportLimits,
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<object>> {
  const row = await lockImport(transaction, user, id);
  checkMayWork(user, row);
  checkStatus(row, ['DRAFT']);
  checkFields(row);
  forgetResults(transaction, id);
  const atOnce = row.row_count <= CHECKED_AT_ONCE;
  const begun = { ...row, status: 'CHECKING' as const, ...NOTHING_DONE };
  if (!atOnce) await begin(transaction, user, begun, limits);
  else
    for (let one: ImportRow = begun; one.status === 'CHECKING'; )
      one = await servePart(transaction, user, one);
  return readImport(transaction, user, id);
}

/** Starts importing the clients, or continues a failed run. @throws HttpError 404, 403, 400, 429 */
export async function run(
  limits: ImportLimits,
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<object>> {
  const row = await lockImport(transaction, user, id);
  checkMayWork(user, row);
  const mayGoOn = row.undo_started_at === null;
  checkStatus(row, mayGoOn ? ['DRAFT', 'FAILED'] : ['DRAFT']);
  checkFields(row);
  if (row.status === 'DRAFT') forgetResults(transaction, id);
  await transaction.query(sql`DELETE FROM client_import_source WHERE import_id = ${id}`);
  await begin(transaction, user, { ...row, status: 'RUNNING' }, limits);
  return readImport(transaction, user, id);
}

/** Ends a dry run, or a run: what it has imported stays, and can be undone. @throws HttpError 404, 400 */
export async function cancel(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<object>> {
  const row = await lockImport(transaction, user, id);
  checkStatus(row, ['CHECKING', 'RUNNING']);
  endWork(transaction, id, AFTER_CANCEL[row.status as 'CHECKING' | 'RUNNING'], CANCELLED);
  return readImport(transaction, user, id);
}

/** Starts undoing an import. @throws HttpError 404, 403, 400, 429 */
export async function undo(
  limits: ImportLimits,
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<object>> {
  const row = await lockImport(transaction, user, id);
  checkMayWork(user, row);
  checkStatus(row, ['COMPLETED', 'CANCELLED', 'FAILED']);
  await begin(transaction, user, { ...row, status: 'UNDOING' }, limits);
  return readImport(transaction, user, id);
}

const CANCELLED = 'Cancelled.';
const AFTER_CANCEL: Readonly<Record<'CHECKING' | 'RUNNING', ImportStatus>> = {
  CHECKING: 'DRAFT',
  RUNNING: 'CANCELLED',
};
const NOTHING_DONE = {
  next_part: 0,
  processed: 0,
  created: 0,
  updated: 0,
  skipped: 0,
  failed: 0,
  other_named: 0,
};

/** Checks that an import can run. @throws HttpError 400 without an encoding, or without the columns that clients need */
function checkFields({ fields, duplicates, encoding }: ImportRow): void {
  if (encoding === '') {
    throw invalidField(
      'encoding',
      'Say how the file is encoded: "encoding_choices" shows its texts in each encoding.',
    );
  }
  const has = (...names: string[]) => names.some((name) => (fields as readonly string[]).includes(name));
  if (has('first_name', 'full_name')) return;
  if (duplicates === 'update' && has('email', 'phone_number')) return;
  throw invalidField('fields', 'No column is for "first_name" or "full_name".');
}

/** Queues an import for the workers, in the name of this user. @throws HttpError 429 where too many wait already */
async function begin(
  transaction: TenantTransaction,
  user: CurrentUser,
  { id, status }: Pick<ImportRow, 'id'> & { readonly status: WorkStatus },
  limits: ImportLimits,
): Promise<void> {
  await checkWaiting(transaction, user, limits);
  await transaction.query(sql`
    UPDATE client_import SET
      status = ${status}, acting_user_id = ${user.id}, claims = 0, error = '', due_at = now(), updated_at = now(),
      started_at = CASE WHEN ${status} = 'UNDOING' THEN started_at ELSE coalesce(started_at, now()) END,
      undo_started_at = CASE WHEN ${status} = 'UNDOING' THEN coalesce(undo_started_at, now()) ELSE undo_started_at END
    WHERE id = ${id}`);
}
