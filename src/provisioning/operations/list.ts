import type { ConnectionSettings } from '../../config/config.js';
import { withOwner } from '../../database/owner.js';
import { hasEnded } from './holder.js';
import type { OperationState } from './operation.js';
import { LEASE_SECONDS } from './store.js';

/** An operation as operators see it. */
export interface ListedOperation {
  readonly id: number;
  readonly kind: string;
  readonly schemas: readonly string[];
  readonly state: OperationState;
  /** Whether a process works on it now, as far as can be told from here. */
  readonly isRunning: boolean;
  /** Name of the step under way, or at which it stopped. */
  readonly step: string | null;
  readonly stepsDone: readonly string[];
  readonly progress: { readonly done: number; readonly total: number | null } | null;
  readonly error: string | null;
  /** ISO 8601, UTC, like the other moments. */
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
}

interface Row extends Omit<ListedOperation, 'isRunning'> {
  readonly place: string | null;
  readonly pid: number | null;
  readonly isHeld: boolean;
}

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS"Z"'`;
const LONGEST_LIST = 1_000;

export interface OperationFilter {
  /** Only those of this tenant. */
  readonly schema?: string;
  /** Includes those that are over. */
  readonly finished?: boolean;
}

/** Returns operations, the newest first, 1,000 at most; only unfinished ones unless asked for others. */
export async function listOperations(
  owner: ConnectionSettings,
  { schema, finished = false }: OperationFilter = {},
): Promise<ListedOperation[]> {
  const { rows } = await withOwner(owner, (client) =>
    client.query<Row>(
      `SELECT id::float8 AS id, kind, schema_names AS schemas, state, step, steps_done AS "stepsDone", progress, error,
              to_char(started_at AT TIME ZONE 'UTC', ${ISO}) AS "startedAt", to_char(updated_at AT TIME ZONE 'UTC', ${ISO}) AS "updatedAt",
              to_char(finished_at AT TIME ZONE 'UTC', ${ISO}) AS "finishedAt", held_on AS place, held_by_pid AS pid,
              coalesce(held_until BETWEEN clock_timestamp() AND clock_timestamp() + make_interval(secs => ${LEASE_SECONDS + 5}), false) AS "isHeld"
       FROM public.tenant_operation
       WHERE ($1::varchar IS NULL OR schema_names @> ARRAY[$1::varchar]) AND ($2 OR finished_at IS NULL)
       ORDER BY tenant_operation.id DESC LIMIT ${LONGEST_LIST}`,
      [schema ?? null, finished],
    ),
  );
  return rows.map(({ place, pid, isHeld, ...operation }) => ({
    ...operation,
    isRunning: isHeld && place !== null && pid !== null && !hasEnded({ place, pid }),
  }));
}
