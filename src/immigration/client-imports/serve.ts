import { type CurrentUser, readCurrentUser } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { servePart } from './check-or-run.js';
import { isDue, MOST_CLAIMS } from './due.js';
import { mayWork } from './policy.js';
import { progressNotice } from './progress.js';
import { endWork, IMPORT_COLUMNS, type ImportRow, type ImportStatus, type WorkStatus } from './records.js';
import { undoRows } from './undo.js';

interface ImportClaim {
  readonly id: number;
  readonly status: WorkStatus;
  readonly claims: number;
  readonly userId: number | null;
}

export interface ServeOptions {
  /** Whether to announce the progress to the live stream; the end is always announced. */
  readonly tell: boolean;
  /** Called with errors; the import is retried, up to MOST_CLAIMS times in a row. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const WORKING = sql`('CHECKING', 'RUNNING', 'UNDOING')`;
const LONGEST_WAIT = '5s';
const INTERRUPTED: Readonly<Record<WorkStatus, ImportStatus>> = {
  CHECKING: 'DRAFT',
  RUNNING: 'FAILED',
  UNDOING: 'FAILED',
};

/**
 * Processes one part of a tenant's oldest waiting import: its effects and the progress are committed together, so that
 * a dying worker leaves nothing half done. Imports of one tenant follow one another.
 * @returns whether there was work
 * @throws connection errors, when not even the failure could be stored
 */
export async function serveImport(
  database: Database,
  schema: string,
  { tell, onError }: ServeOptions,
): Promise<boolean> {
  const claim = await claimImport(database, schema);
  if (!claim) return false;
  const { id, status, userId } = claim;
  try {
    await database.tenantTransaction({ schema, userId }, (transaction) =>
      serveClaimed(transaction, schema, claim, tell),
    );
  } catch (error) {
    onError?.(error);
    await database.tenantQuery(
      { schema, userId: null },
      sql`UPDATE client_import SET due_at = now() + make_interval(secs => 2 ^ claims),
            error = 'The last attempt failed; it is tried again.'
          WHERE id = ${id} AND status = ${status} AND claims > 0`,
    );
  }
  return true;
}

/**
 * Claims the oldest waiting import. The claim is counted and committed before the work begins, since a count in a
 * transaction that dies is lost.
 */
async function claimImport(database: Database, schema: string): Promise<ImportClaim | undefined> {
  const [claim] = await database.tenantQuery(
    { schema, userId: null },
    sql<ImportClaim>`
      WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(${LOCK(schema)}) AS mine), next AS MATERIALIZED (
        SELECT id FROM client_import
        WHERE status IN ${WORKING} AND ${isDue(sql`due_at`)} AND (SELECT mine FROM turn)
        ORDER BY started_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
      )
      UPDATE client_import r SET claims = r.claims + 1 FROM next WHERE r.id = next.id
      RETURNING r.id, r.status, r.claims, r.acting_user_id AS "userId"`,
  );
  return claim;
}

const LOCK = (schema: string) => sql`hashtext('leopard_client_imports'), hashtext(${schema})`;

async function serveClaimed(
  transaction: TenantTransaction,
  schema: string,
  claim: ImportClaim,
  tell: boolean,
): Promise<void> {
  transaction.send(sql`SELECT set_config('lock_timeout', ${LONGEST_WAIT}, true)`);
  const [[turn], [row], user] = await Promise.all([
    transaction.query(sql<{ mine: boolean }>`SELECT pg_try_advisory_xact_lock(${LOCK(schema)}) AS mine`),
    transaction.query(sql<ImportRow & Pick<ImportClaim, 'claims'>>`
      SELECT ${IMPORT_COLUMNS}, r.claims FROM client_import r WHERE r.id = ${claim.id} FOR NO KEY UPDATE`),
    claim.userId === null ? null : readCurrentUser(transaction, claim.userId),
  ]);
  // Another worker serves the tenant, or the import was cancelled meanwhile.
  if (!turn?.mine || row?.status !== claim.status) return;
  const giveUp = (reason: string) => end(transaction, schema, row.id, claim.status, reason);
  if (claim.userId === null) return await giveUp('Whoever started this is no longer a user.');
  // The claim's count alone would include later claims of others; the row's count alone, those that followed it.
  if (Math.min(claim.claims, row.claims) > MOST_CLAIMS) {
    return await giveUp(`Given up after ${MOST_CLAIMS} attempts at the same rows.`);
  }
  if (!user?.isActive || !mayWork(user, row)) {
    return await giveUp('Whoever started this may no longer do it.');
  }
  const after = await work(transaction, user, row);
  if (tell || after.status !== row.status) transaction.send(progressNotice(schema, after));
}

async function work(transaction: TenantTransaction, user: CurrentUser, row: ImportRow): Promise<ImportRow> {
  return row.status === 'UNDOING'
    ? await undoRows(transaction, user, row)
    : await servePart(transaction, user, row);
}

/** Ends work that cannot be done, and notifies the user. */
async function end(
  transaction: TenantTransaction,
  schema: string,
  id: number,
  status: WorkStatus,
  error: string,
): Promise<void> {
  endWork(transaction, id, INTERRUPTED[status], error);
  const [row] = await transaction.query(sql<ImportRow>`
    SELECT ${IMPORT_COLUMNS} FROM client_import r WHERE r.id = ${id}`);
  if (row) await transaction.query(progressNotice(schema, row));
}
