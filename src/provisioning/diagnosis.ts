import type { DatabaseHandle } from '../database/connections.js';
import { type Finding, ok, problem, type Result, warning } from '../database/finding.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { listed } from '../database/tenant-diagnosis.js';
import { oneLine } from '../platform/one-line.js';
import { shortName } from '../tenancy/tenant-name.js';
import { type ListedOperation, listOperations } from './operations/list.js';

/** Seconds after its time is over from which a deleted tenant should be gone: the job that removes it runs hourly. */
const REMOVED_WITHIN = 2 * 3_600;
/** Longest text of an operation's error that is shown. */
const LONGEST_ERROR = 200;

/** Checks for unfinished operations on tenants, and for deleted tenants whose time is over; changes nothing. */
export async function diagnoseLives({ app, owner }: DatabaseHandle): Promise<Finding[]> {
  const operations =
    owner === null
      ? ok("not examined, which needs the owner's settings")
      : await listOperations(owner).then(judge, failed);
  const deleted = await withOwner(app, examineDeleted).catch(failed);
  return [
    { check: 'operations', ...operations },
    { check: 'deleted tenants', ...deleted },
  ];
}

function failed({ message }: Error): Result {
  return problem(`${message}; run: leopard migrate`);
}

function judge(unfinished: readonly ListedOperation[]): Result {
  if (unfinished.length === 0) return ok('no operation on a tenant is unfinished');
  const text = listed(unfinished.map(inWords));
  return unfinished.every(({ isRunning }) => isRunning) ? ok(text) : warning(text);
}

function inWords({
  kind,
  schemas,
  state,
  step,
  error,
  startedAt,
  updatedAt,
  isRunning,
}: ListedOperation): string {
  const name = shortName(schemas[0]!);
  const what = `${kind} of ${name}, since ${startedAt}`;
  const at = step === null ? '' : ` at step ${step}`;
  if (isRunning) return `${what}: a process works on it${at}`;
  const why = error === null ? '' : ` (${oneLine(error, LONGEST_ERROR)})`;
  const stopped = state === 'FAILED' ? 'failed' : 'its process is gone';
  const undone = state === 'UNDOING' ? ', while it was undone' : '';
  return `${what}: ${stopped}${undone}${at}, last seen ${updatedAt}${why}; carry it on: leopard tenants resume ${name}`;
}

async function examineDeleted(client: OwnerClient): Promise<Result> {
  const { rows } = await client.query<{ schema: string; since: string }>(
    `SELECT schema_name AS schema, to_char(purge_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
     FROM public.tenant_deletion WHERE purge_at < now() - make_interval(secs => ${REMOVED_WITHIN}) ORDER BY purge_at`,
  );
  if (rows.length === 0) return ok('none is kept longer than its time');
  const names = rows.map(
    ({ schema, since }) =>
      `${shortName(schema)} was to be removed at ${since}, and is still there: leopard tenants delete ${shortName(schema)} --now`,
  );
  return warning(
    `${listed(names)}; the scheduler removes deleted tenants where it has the owner's settings (job deleted-tenants)`,
  );
}
