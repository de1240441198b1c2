import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { ImportField } from './columns.js';
import type { DateFormat } from './dates.js';
import type { Delimiter } from './delimiter.js';
import type { Encoding } from './encoding.js';
import type { KeptRow } from './file-draft.js';
import type { FileRow } from './file-row.js';
import type { Duplicates, OtherName, PlannedRow, Rules } from './plan.js';

export const IMPORT_STATUSES = [
  'DRAFT',
  'CHECKING',
  'RUNNING',
  'COMPLETED',
  'CANCELLED',
  'FAILED',
  'UNDOING',
  'UNDONE',
] as const;
export type ImportStatus = (typeof IMPORT_STATUSES)[number];

/** A status in which a worker has work to do. */
export type WorkStatus = 'CHECKING' | 'RUNNING' | 'UNDOING';

/** The columns of an import that its work needs. */
export interface ImportRow {
  readonly id: number;
  readonly status: ImportStatus;
  readonly row_count: number;
  readonly next_part: number;
  readonly processed: number;
  readonly created: number;
  readonly updated: number;
  readonly skipped: number;
  readonly failed: number;
  readonly other_named: number;
  readonly undone: number;
  readonly kept: number;
  readonly undo_reached: number | null;
  readonly undo_started_at: string | null;
  readonly fields: readonly (ImportField | '')[];
  readonly headers: readonly string[];
  readonly encoding: Encoding | '';
  readonly delimiter: Delimiter;
  readonly duplicates: Duplicates;
  readonly other_name: OtherName;
  readonly date_format: DateFormat;
  readonly default_gender: string;
  readonly default_country: string;
  readonly default_branch_id: number | null;
  readonly acting_user_id: number | null;
  readonly created_by_id: number | null;
  /** The client columns covered by `state` of its rows. */
  readonly state_fields: readonly string[];
}

/** The result of undoing a row; `because` tells why something was kept. */
export interface UndoneRow {
  readonly row: number;
  readonly because: string | null;
  /** Whether the rest follows when other imports are undone. */
  readonly waits?: boolean;
}

export const IMPORT_COLUMNS = sql`
  r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed, r.other_named, r.undone, r.kept,
  r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding, r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender,
  r.default_country, r.default_branch_id, r.acting_user_id, r.created_by_id,
  r.state_fields`;

export function rulesOf(row: ImportRow): Rules {
  return {
    fields: row.fields,
    headers: row.headers,
    otherName: row.other_name,
    dateFormat: row.date_format,
    duplicates: row.duplicates,
    defaultGender: row.default_gender,
    defaultCountry: row.default_country,
    defaultBranchId: row.default_branch_id,
  };
}

/** Returns the rows of a part; null when there is no such part. */
export async function readPart(
  transaction: TenantTransaction,
  importId: number,
  number: number,
): Promise<FileRow[] | null> {
  const [part] = await transaction.query(sql<{ content: string }>`
    SELECT content FROM client_import_part WHERE import_id = ${importId} AND number = ${number}`);
  return part
    ? (JSON.parse(part.content) as KeptRow[]).map(([place, ...cells]) => {
        const [number, line] = typeof place === 'number' ? [place, null] : place;
        return { number, line, cells };
      })
    : null;
}

/** The progress of an import, and its counts. */
export type ImportProgress = Pick<
  ImportRow,
  'status' | 'next_part' | 'processed' | 'created' | 'updated' | 'skipped' | 'failed' | 'other_named'
>;

/** Returns the progress after these rows. */
export function advanced(
  before: ImportProgress,
  plan: readonly PlannedRow[],
  status: ImportStatus,
): ImportProgress {
  const count = (outcome: PlannedRow['outcome']) => plan.filter((row) => row.outcome === outcome).length;
  return {
    status,
    next_part: before.next_part + 1,
    processed: before.processed + plan.length,
    created: before.created + count('CREATED'),
    updated: before.updated + count('UPDATED'),
    skipped: before.skipped + count('SKIPPED'),
    failed: before.failed + count('FAILED'),
    other_named: before.other_named + plan.filter(({ otherName }) => otherName !== undefined).length,
  };
}

/** Stores the progress of a dry run or a run, and resets its claims, since they have led to an outcome. */
export async function saveProgress(
  transaction: TenantTransaction,
  importId: number,
  progress: ImportProgress,
): Promise<void> {
  const { status } = progress;
  await transaction.query(sql`
    UPDATE client_import SET
      next_part = ${progress.next_part}, processed = ${progress.processed}, created = ${progress.created},
      updated = ${progress.updated}, skipped = ${progress.skipped}, failed = ${progress.failed},
      other_named = ${progress.other_named},
      claims = 0, error = '', updated_at = now()
    WHERE id = ${importId}`);
  if (status === 'DRAFT' || status === 'COMPLETED') endWork(transaction, importId, status);
}

/** Deletes the results of a dry run: before another one, the run, or a change of how the file is interpreted. */
export function forgetResults(transaction: TenantTransaction, importId: number): void {
  transaction.send(sql`DELETE FROM client_import_row WHERE import_id = ${importId}`);
  transaction.send(sql`
    UPDATE client_import SET next_part = 0, processed = 0, created = 0, updated = 0, skipped = 0, failed = 0,
      other_named = 0,
      error = '', checked_at = NULL, updated_at = now()
    WHERE id = ${importId}`);
}

/**
 * Ends the present work. After a dry run nothing is started: a run is queued by its own time.
 * @param error why it ended early, for the user; '' for none
 */
export function endWork(
  transaction: TenantTransaction,
  importId: number,
  status: ImportStatus,
  error = '',
): void {
  const isChecked = status === 'DRAFT' && error === '';
  transaction.send(sql`
    UPDATE client_import SET
      status = ${status}, error = ${error}, claims = 0, updated_at = now(),
      checked_at = CASE WHEN ${isChecked}::boolean THEN now() ELSE checked_at END,
      started_at = CASE WHEN ${status} = 'DRAFT' THEN NULL ELSE started_at END,
      finished_at = CASE WHEN ${status} IN ('COMPLETED', 'CANCELLED') THEN now() ELSE finished_at END,
      undone_at = CASE WHEN ${status} = 'UNDONE' THEN now() ELSE undone_at END
    WHERE id = ${importId}`);
}
