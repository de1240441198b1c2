import { inTransaction, type OwnerClient } from '../../database/owner.js';
import { PlainError } from '../../platform/plain-error.js';
import { shortName } from '../../tenancy/tenant-name.js';
import { OperationHeldError } from './errors.js';
import { type Holder, hasEnded } from './holder.js';
import type { OperationState, StepProgress } from './operation.js';

/** Seconds for which a process holds an operation, unless it extends that. */
export const LEASE_SECONDS = 30;
/** Seconds by which a lease may seem longer than it was given. */
const SLACK = 5;
/** Number of finished operations whose rows are kept. */
const HISTORY = 1_000;

/** An operation as it is stored. */
export interface StoredOperation {
  readonly id: number;
  readonly kind: string;
  readonly schemas: readonly string[];
  readonly parameters: object;
  readonly notes: object;
  readonly state: OperationState;
  readonly stepsDone: readonly string[];
}

interface OperationRow extends StoredOperation {
  readonly place: string | null;
  readonly pid: number | null;
  /** Seconds until the lease ends. */
  readonly left: number | null;
}

const COLUMNS = `
  id::float8 AS id, kind, schema_names AS schemas, parameters, notes, state, steps_done AS "stepsDone",
  held_on AS place, held_by_pid AS pid, extract(epoch FROM held_until - clock_timestamp())::float8 AS left`;
const LEASE = `clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`;
/** Null leaves a value as it is, except for those that may become null, before which stands whether they are given. */
const CHANGED = `
  UPDATE public.tenant_operation SET
    updated_at = clock_timestamp(),
    state = coalesce($3, state),
    step = CASE WHEN $4 THEN $5 ELSE step END,
    steps_done = coalesce($6, steps_done),
    notes = notes || coalesce($7::jsonb, '{}'),
    progress = CASE WHEN $8 THEN $9::jsonb ELSE progress END,
    error = coalesce($10, error),
    holder = CASE WHEN NOT $11 THEN holder END,
    held_on = CASE WHEN NOT $11 THEN held_on END,
    held_by_pid = CASE WHEN NOT $11 THEN held_by_pid END,
    held_until = CASE WHEN NOT $11 THEN ${LEASE} END,
    finished_at = CASE WHEN $12::text[] IS NULL THEN finished_at ELSE clock_timestamp() END,
    parameters = parameters - coalesce($12::text[], '{}')
  WHERE id = $1 AND holder = $2`;

/** An unfinished operation that has one of the tenants of another one. */
export interface UnfinishedOperation extends StoredOperation {
  /** Whether a process works on it. */
  readonly isUnderWay: boolean;
}

/**
 * Stores a new operation, held by this process, unless an unfinished one has one of its tenants.
 * @param check refuses it by throwing; nothing else begins meanwhile, so that what it finds stays as it is
 * @returns the new operation's id, or the unfinished operation and whether it is the same, apart from its secrets
 */
export async function begin(
  client: OwnerClient,
  holder: Holder,
  wanted: Pick<StoredOperation, 'kind' | 'schemas' | 'parameters'>,
  secrets: readonly string[],
  check?: (client: OwnerClient) => Promise<void>,
): Promise<
  { readonly begun: number } | { readonly unfinished: UnfinishedOperation; readonly isSame: boolean }
> {
  const { kind, schemas, parameters } = wanted;
  return await inTransaction(client, async () => {
    // One begins at a time; steps and leases of others go on.
    await client.query('LOCK TABLE public.tenant_operation IN SHARE ROW EXCLUSIVE MODE');
    const { rows } = await client.query<OperationRow & { isSame: boolean }>(
      `SELECT ${COLUMNS},
              kind = $2 AND schema_names = $1::varchar[] AND parameters - $4::text[] = $3::jsonb - $4::text[] AS "isSame"
       FROM public.tenant_operation WHERE finished_at IS NULL AND schema_names && $1::varchar[]
       ORDER BY "isSame" DESC, id LIMIT 1`,
      [schemas, kind, JSON.stringify(parameters), secrets],
    );
    const [found] = rows;
    if (found) return { unfinished: { ...found, isUnderWay: isUnderWay(found) }, isSame: found.isSame };
    await check?.(client);
    await client.query(
      `DELETE FROM public.tenant_operation WHERE id IN (
         SELECT id FROM public.tenant_operation WHERE finished_at IS NOT NULL ORDER BY id DESC OFFSET ${HISTORY})`,
    );
    const inserted = await client.query<{ id: string }>(
      `INSERT INTO public.tenant_operation (kind, schema_names, parameters, holder, held_on, held_by_pid, held_until)
       VALUES ($1, $2, $3, $4, $5, $6, ${LEASE}) RETURNING id`,
      [kind, schemas, JSON.stringify(parameters), holder.token, holder.place, holder.pid],
    );
    return { begun: Number(inserted.rows[0]!.id) };
  });
}

/**
 * Takes an unfinished operation over, once no transaction of a killed process has it any more.
 * @throws OperationHeldError while a process works on it; PlainError when it is finished or unknown
 */
export async function take(client: OwnerClient, id: number, holder: Holder): Promise<StoredOperation> {
  return await inTransaction(client, async () => {
    const { rows } = await client.query<OperationRow>(
      `SELECT ${COLUMNS} FROM public.tenant_operation WHERE id = $1 AND finished_at IS NULL FOR UPDATE`,
      [id],
    );
    const [found] = rows;
    if (!found)
      throw new PlainError(`there is no unfinished operation ${id}; see: leopard tenants operations`);
    const { place, pid, left } = found;
    if (isUnderWay(found)) {
      throw new OperationHeldError(
        `process ${pid} on ${place!.split(' ')[0]} is working on it: ${found.kind} of ${shortName(found.schemas[0]!)}; wait for it, or if that process has ended, try again in ${Math.ceil(left!)} s`,
      );
    }
    const state = found.state === 'FAILED' ? 'RUNNING' : found.state;
    await client.query(
      `UPDATE public.tenant_operation
       SET holder = $2, held_on = $3, held_by_pid = $4, held_until = ${LEASE}, updated_at = clock_timestamp(),
           state = $5, error = NULL
       WHERE id = $1`,
      [id, holder.token, holder.place, holder.pid, state],
    );
    return { ...found, state };
  });
}

/**
 * Makes the transaction of `client` one that ends before another process can take the operation over.
 * @throws OperationHeldError when this process does not hold it any more
 */
export async function fence(client: OwnerClient, id: number, { token }: Holder): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM public.tenant_operation WHERE id = $1 AND holder = $2 FOR KEY SHARE',
    [id, token],
  );
  if (rowCount === 0) throw lost();
}

/** The changes to a held operation's row; what is not given stays as it is. */
export interface OperationChanges {
  readonly state?: OperationState;
  readonly step?: string | null;
  readonly stepsDone?: readonly string[];
  readonly notes?: object;
  readonly progress?: StepProgress | null;
  readonly error?: string;
  /** Whether this process stops working on it. */
  readonly release?: boolean;
  /** Whether it is over; the names of the parameters to forget then. */
  readonly finish?: readonly string[];
}

/**
 * Changes a held operation and extends its lease.
 * @throws OperationHeldError when this process does not hold it any more
 */
export async function update(
  client: OwnerClient,
  id: number,
  { token }: Holder,
  changes: OperationChanges,
): Promise<void> {
  const { state, step, stepsDone, notes, progress, error, release = false, finish } = changes;
  const { rowCount } = await client.query(CHANGED, [
    ...[id, token, state ?? null, step !== undefined, step ?? null, stepsDone ?? null],
    ...[
      notes ? JSON.stringify(notes) : null,
      progress !== undefined,
      progress ? JSON.stringify(progress) : null,
    ],
    ...[error ?? null, release || finish !== undefined, finish ?? null],
  ]);
  if (rowCount === 0) throw lost();
}

/** Returns whether a process works on an operation, or may do so on another machine. */
function isUnderWay({ place, pid, left }: OperationRow): boolean {
  return place !== null && pid !== null && isHeld(left) && !hasEnded({ place, pid });
}

/** Returns whether a lease goes on. One that is longer than any was left by a clock that was set back. */
function isHeld(left: number | null): boolean {
  return left !== null && left > 0 && left <= LEASE_SECONDS + SLACK;
}

function lost(): OperationHeldError {
  return new OperationHeldError(
    'another process has taken the operation over, because this one did not answer for long; see: leopard tenants operations',
  );
}
