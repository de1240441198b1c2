import { cellNamed, handleOf } from '../database/cells.js';
import { relationsIn } from '../database/schema-objects.js';
import { type RunOptions, runOperation } from '../provisioning/operations/run.js';
import { countRows } from './changed-rows.js';
import { cellOf, examineMove } from './examine.js';
import { MOVE } from './move-tenant.js';
import { readMovedTables } from './moved-tables.js';
import { atCell, type MoveSurroundings } from './places.js';

/** The input of an operator for a move. */
export interface MoveInput {
  /** The tenant's schema. */
  readonly schema: string;
  /** The cell to move to, as people name it: `main` is the catalogue's own. */
  readonly to: string;
  /** Maximum number of milliseconds for which the tenant may be closed; 5,000 when not given. */
  readonly longest?: number;
  /** Number of days for which the copy that stays behind, closed, is kept; 0: it is removed at once. 7 when not given. */
  readonly keepDays?: number;
}

/** The result of a move. */
export interface MovedTenant {
  /** The cells, as in the catalogue. */
  readonly from: string | null;
  readonly to: string | null;
  /** Numbers of rows copied at first, later while the tenant worked, and at last while it was closed. */
  readonly copied: number;
  readonly caughtUp: number;
  readonly last: number;
  /** Milliseconds for which the tenant was closed. */
  readonly closedMs: number;
}

const LONGEST_MS = 5_000;
const KEEP_DAYS = 7;

/**
 * Moves a tenant to another cell while it works. Cut off, it is carried on by the same call; until the tenant is switched
 * over, everything can be undone.
 * @throws UnknownCellError, TenantNotFoundError, PlainError saying what stands in the way: nothing is changed then;
 * OperationInTheWayError, OperationHeldError, OperationFailedError
 */
export async function moveTenant(
  surroundings: MoveSurroundings,
  { schema, to, longest = LONGEST_MS, keepDays = KEEP_DAYS }: MoveInput,
  options: RunOptions = {},
): Promise<MovedTenant> {
  const cell = cellNamed(to);
  handleOf(surroundings.catalogue, cell);
  const notes = await runOperation(
    MOVE,
    surroundings,
    { schemas: [schema], parameters: { to: cell, longest, keepDays } },
    options,
  );
  const { from = null, copied = 0, caughtUp = 0, lastRows = 0, closedMs = 0 } = notes;
  return { from, to: cell, copied, caughtUp, last: lastRows, closedMs };
}

/** The expected effort of a move. */
export interface PlannedMove {
  readonly from: string | null;
  readonly to: string | null;
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  /** Number of milliseconds for which the tenant would be closed, roughly. */
  readonly closedMs: number;
}

/** Milliseconds for which a tenant without rows is closed, on a machine with nothing else to do. */
const AT_LEAST_MS = 400;

/** Looks whether a tenant can move, and what that takes. Changes nothing. @throws as moveTenant */
export async function planMove(
  surroundings: MoveSurroundings,
  { schema, to }: Pick<MoveInput, 'schema' | 'to'>,
): Promise<PlannedMove> {
  const cell = cellNamed(to);
  handleOf(surroundings.catalogue, cell);
  const from = await atCell(surroundings, null, (client) => cellOf(client, schema));
  await examineMove(surroundings, schema, from, cell);
  return await atCell(surroundings, from, async (client) => {
    const tables = await readMovedTables(client, schema);
    const asked = tables.map((table) => ({ table, since: null }));
    await countRows(client, schema, asked); // reads what is not in memory yet
    const begun = performance.now();
    const counts = await countRows(client, schema, asked);
    const counting = performance.now() - begun;
    const { rows } = await client.query<{ bytes: number }>(
      `SELECT coalesce(sum(pg_catalog.pg_table_size(oid)), 0)::float8 AS bytes FROM pg_catalog.pg_class
       WHERE oid = ${relationsIn('$1')} AND relkind = 'r'`,
      [schema],
    );
    return {
      from,
      to: cell,
      tables: tables.length,
      rows: [...counts.values()].reduce((sum, { rows: each }) => sum + each, 0),
      bytes: rows[0]!.bytes,
      closedMs: Math.round(AT_LEAST_MS + 2 * counting),
    };
  });
}
