import { cellLabel } from '../database/cells.js';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { noteOperation } from '../database/write-positions.js';
import { PlainError } from '../platform/plain-error.js';
import { lockTenantWithin } from '../schema/locking.js';
import { checkSameTables, REMARK } from './examine.js';
import { awaitStill } from './hold-still.js';
import { type Cutoffs, copyLastChanges } from './last-changes.js';
import type { MovedTable } from './moved-tables.js';
import { atCell, elsewhere, type MoveSurroundings, withinCell } from './places.js';
import { closeQueues, copyPublicRows } from './public-rows.js';
import { closingStatements, readForeignKeys } from './target-schema.js';
import {
  closeSchema,
  prolongClosing,
  putTenantRow,
  readTenantRow,
  remarkOn,
  setCell,
  setLivesHere,
  type TenantRowText,
} from './tenant-row.js';

/** A move that is about to switch. */
export interface SwitchOver {
  readonly schema: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly tables: readonly MovedTable[];
  readonly cutoffs: Cutoffs;
  /** See readExpressions. */
  readonly begun: string;
  /** Maximum number of milliseconds for which the tenant may be closed. */
  readonly longest: number;
  readonly signal: AbortSignal;
}

/** The result of a switch. */
export interface Switched {
  /** Milliseconds for which the tenant was closed, until all was ready to be committed. */
  readonly closedMs: number;
  /** Number of rows copied meanwhile. */
  readonly rows: number;
}

/** Thrown when the last changes took longer than the tenant may be closed; nothing was changed. */
export class TooLongError extends PlainError {
  override readonly name = 'TooLongError';
}

/** Longest wait for a migration of the tenant, in milliseconds; it is not closed meanwhile. */
const OTHERS_END_WITHIN_MS = 2_000;
/** Seconds after which a tenant whose mover has died is opened again, beyond the time for which it may be closed. */
const SPARE_SECONDS = 10;

/** The time for which a tenant is closed, with its limit. */
class Stopwatch {
  readonly #since = performance.now();

  constructor(
    private readonly schema: string,
    private readonly longest: number,
  ) {}

  get left(): number {
    return this.longest - (performance.now() - this.#since);
  }

  /** Milliseconds so far. @throws TooLongError when the limit is over */
  check(): number {
    if (this.left < 0) throw tooLong(this.schema, this.longest);
    return Math.round(this.longest - this.left);
  }
}

function tooLong(schema: string, longest: number): TooLongError {
  return new TooLongError(
    `the last changes of ${schema} took longer than ${longest} ms, so it stayed where it is; allow more: --longest-wait`,
  );
}

/**
 * Closes a tenant, copies its last changes, and switches it over to the other cell, as the catalogue says. From the first
 * moment no transaction of any program can use its tables where it was. Every transaction is committed when those are that
 * must precede it: the copy first, then that of the old cell, then that of the catalogue. Where two of them concern the same
 * database, they are one transaction. Until then the tenant can be opened where it was, and is, when its time is over.
 * @param inCatalogue runs work in a transaction of the catalogue
 * @param note stores that the switch is made, in that transaction
 * @throws TenantBusyError, TooLongError, RowsDifferError, PlainError; the tenant is closed then
 */
export async function switchOver(
  surroundings: MoveSurroundings,
  move: SwitchOver,
  inCatalogue: (work: (client: OwnerClient) => Promise<void>) => Promise<void>,
  note: (switched: Switched, catalogue: OwnerClient) => Promise<void>,
): Promise<void> {
  const { schema, from, to, tables, longest, signal } = move;
  const seconds = longest / 1_000 + SPARE_SECONDS;
  // Everything that takes time is done before the tenant is closed.
  await atCell(surroundings, from, async (closer) => {
    await inCatalogue(async (catalogue) => {
      await limit(catalogue, seconds);
      await withinCell(surroundings, from, catalogue, async (source) => {
        await limit(source, seconds);
        await lockTenantWithin(source, schema, OTHERS_END_WITHIN_MS);
        let watch: Stopwatch | undefined;
        const { former, rows } = await withinCell(surroundings, to, catalogue, async (target) => {
          await limit(target, seconds);
          await checkSameTables(source, target, schema);
          const ready = await closingStatements(target, schema, await readForeignKeys(source, schema));
          watch = new Stopwatch(schema, longest);
          await inTransaction(closer, () => closeSchema(closer, schema, seconds));
          await awaitStill(source, schema, watch.left, signal);
          const ends = { from: source, to: target, schema, begun: move.begun };
          const copied = await copyLastChanges(ends, tables, move.cutoffs);
          const settings = await copyRow(catalogue, source, target, move);
          await copyPublicRows(source, target, schema);
          const { sql, parameters } = noteOperation(schema); // the cell's replica may not have all of it yet
          await target.query(sql, [...parameters]);
          await target.query(ready);
          watch.check();
          return { former: settings, rows: copied };
        });
        if (!(await prolongClosing(source, schema, SPARE_SECONDS))) throw tooLong(schema, longest);
        await closeQueues(source, schema);
        await remarkOn(source, schema, `${REMARK} it lives in ${cellLabel(to)}`);
        if (from !== null) await setLivesHere(source, schema, elsewhere(from, to));
        await setCell(catalogue, schema, to, former);
        await note({ closedMs: watch!.check(), rows }, catalogue);
      });
    });
  });
}

/** Writes the other cell's row of the tenant. @returns the row where it lived so far */
async function copyRow(
  catalogue: OwnerClient,
  source: OwnerClient,
  target: OwnerClient,
  { schema, to }: SwitchOver,
): Promise<TenantRowText> {
  const row = await readTenantRow(catalogue, schema);
  const former = await readTenantRow(source, schema);
  if (row === null || former === null)
    throw new PlainError(`${schema} has no row in its cell; see: leopard doctor`);
  if (to !== null) await putTenantRow(target, row, former);
  return former;
}

/** Makes the server end a transaction whose mover is silent for this time, or that waits for a lock. */
async function limit(client: OwnerClient, seconds: number): Promise<void> {
  await client.query(
    `SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', $1, true),
       pg_catalog.set_config('lock_timeout', '1s', true)`,
    [`${Math.ceil(seconds)}s`],
  );
}
