import type { CurrentUser } from '../../auth/current-user.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { planRows } from './plan.js';
import { advanced, type ImportRow, readPart, rulesOf, saveProgress } from './records.js';
import { notePlan, writePlan } from './write.js';

/**
 * Processes the next part of a dry run or a run: its clients, the outcomes of its rows, and the progress.
 * @param row the import, locked
 * @returns the updated import
 */
export async function servePart(
  transaction: TenantTransaction,
  user: CurrentUser,
  row: ImportRow,
): Promise<ImportRow> {
  const isDry = row.status === 'CHECKING';
  const rows = (await readPart(transaction, row.id, row.next_part)) ?? [];
  const plan = await planRows(transaction, user, rows, rulesOf(row), isDry ? row.id : null);
  if (isDry) await notePlan(transaction, row.id, plan);
  else await writePlan(transaction, row, user.id, plan);
  const isLast = rows.length === 0 || row.processed + rows.length >= row.row_count;
  const progress = advanced(row, plan, isLast ? (isDry ? 'DRAFT' : 'COMPLETED') : row.status);
  await saveProgress(transaction, row.id, progress);
  return { ...row, ...progress };
}
