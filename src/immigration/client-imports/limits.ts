import type { CurrentUser } from '../../auth/current-user.js';
import type { ImportSettings } from '../../config/import-settings.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { HttpError } from '../../http/errors.js';

/** The limits of imports; 0: none. */
export type ImportLimits = Pick<ImportSettings, 'waiting' | 'kept'>;

/** Times after which it is worth trying again, in seconds: imports end within minutes, files are kept for months. */
const TRY_AGAIN_IN = { waiting: 30, kept: 3_600 };
const MEGABYTE = 1024 * 1024;

/** One at a time in each tenant: of concurrent requests, each counts what the others have added. */
const TAKE_TURN = sql`
  SELECT pg_advisory_xact_lock(hashtext('leopard_client_import_limits'), hashtext(current_schema()))`;

interface Counts {
  readonly own: number;
  readonly all: number;
}

/** Checks that one more import may wait for a worker. @throws HttpError 429 */
export async function checkWaiting(
  transaction: TenantTransaction,
  user: CurrentUser,
  { waiting }: ImportLimits,
): Promise<void> {
  if (waiting.perUser === 0 && waiting.perTenant === 0) return;
  transaction.send(TAKE_TURN);
  const [counts] = await transaction.query(sql<Counts>`
    SELECT count(*) FILTER (WHERE acting_user_id = ${user.id})::integer AS own, count(*)::integer AS all
    FROM client_import WHERE status IN ('CHECKING', 'RUNNING', 'UNDOING')`);
  const { own, all } = counts as Counts;
  const counted = (limit: number) => `${limit} ${limit === 1 ? 'import' : 'imports'}`;
  if (waiting.perUser > 0 && own >= waiting.perUser) {
    throw refused(
      'waiting',
      `You have ${counted(waiting.perUser)} waiting already. Try again when one is done.`,
    );
  }
  if (waiting.perTenant > 0 && all >= waiting.perTenant) {
    throw refused(
      'waiting',
      `The agency has ${counted(waiting.perTenant)} waiting already. Try again when one is done.`,
    );
  }
}

/** Checks that a further file may be kept. @param size of what is stored of it, in bytes  @throws HttpError 429 */
export async function checkKept(
  transaction: TenantTransaction,
  user: CurrentUser,
  { kept }: ImportLimits,
  size: number,
): Promise<void> {
  if (kept.perUser === 0 && kept.perTenant === 0) return;
  transaction.send(TAKE_TURN);
  const [counts] = await transaction.query(sql<Counts>`
    SELECT coalesce(sum(f.size) FILTER (WHERE i.created_by_id = ${user.id}), 0)::bigint AS own,
      coalesce(sum(f.size), 0)::bigint AS all
    FROM (
      SELECT import_id, octet_length(content)::bigint AS size FROM client_import_part
      UNION ALL SELECT import_id, octet_length(content) FROM client_import_source) f
    JOIN client_import i ON i.id = f.import_id`);
  const { own, all } = counts as Counts;
  const advice = 'Remove imports that are no longer needed.';
  if (kept.perUser > 0 && own + size > kept.perUser) {
    throw refused(
      'kept',
      `The files of your imports take ${megabytes(own)} of ${megabytes(kept.perUser)}. ${advice}`,
    );
  }
  if (kept.perTenant > 0 && all + size > kept.perTenant) {
    throw refused(
      'kept',
      `The files of all imports take ${megabytes(all)} of ${megabytes(kept.perTenant)}. ${advice}`,
    );
  }
}

const megabytes = (bytes: number) => `${Math.round(bytes / MEGABYTE)} MB`;

function refused(limit: keyof typeof TRY_AGAIN_IN, detail: string): HttpError {
  return new HttpError(429, { detail }, { 'retry-after': String(TRY_AGAIN_IN[limit]) });
}
