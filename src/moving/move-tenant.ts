import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../config/config.js';
import { cellLabel, handleOf } from '../database/cells.js';
import { inTransaction } from '../database/owner.js';
import { dropTenantRole } from '../database/roles.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import type { Operation, Step, StepWork } from '../provisioning/operations/operation.js';
import { lockTenants } from '../schema/locking.js';
import type { Cutoff } from './changed-rows.js';
import { readCutoff } from './changed-rows.js';
import { cellOf, checkSameTables, examineMove, KEPT_UNTIL, REMARK } from './examine.js';
import { TenantBusyError } from './hold-still.js';
import { readMovedTables } from './moved-tables.js';
import { betweenEnds, type Pass, runPass, serverIdentity } from './passes.js';
import { atCell, type MoveSurroundings, ownerOf } from './places.js';
import { deliveriesUnderWay, removePublicRows, reopenQueues } from './public-rows.js';
import { switchOver, TooLongError } from './switch-over.js';
import { createTargetSchema, openForRows, validateKeys } from './target-schema.js';
import { holdWork, openSchema, remarkOn, setLivesHere } from './tenant-row.js';

/** The parameters of a move. */
export interface MoveParameters {
  /** The cell to move to; null for the catalogue's own. */
  readonly to: string | null;
  /** Maximum number of milliseconds for which the tenant may be closed. */
  readonly longest: number;
  /** Number of days for which the copy that stays behind, closed, is kept; 0: it is removed at once. */
  readonly keepDays: number;
}

/** Facts that the steps of a move note. */
export interface MoveNotes {
  readonly from: string | null;
  readonly begun: Cutoff;
  readonly skipped: readonly number[];
  readonly cutoffs: Record<string, Cutoff>;
  /** Numbers of rows copied in the first pass, and later while the tenant worked. */
  readonly copied: number;
  readonly caughtUp: number;
  /** What tells the server of the tenant's own rows when they were compared. */
  readonly compared: string;
  readonly switched: boolean;
  readonly closedMs: number;
  readonly lastRows: number;
}

type Work = StepWork<MoveParameters, MoveNotes, MoveSurroundings>;
type MoveStep = Step<MoveParameters, MoveNotes, MoveSurroundings>;

/** Seconds for which background work on the tenant is held, unless its mover extends that or ends it. */
const HOLD_SECONDS = 60;
/** Longest wait for deliveries that are being sent, in milliseconds: the lease of a sender that has died. */
const DELIVERIES_END_WITHIN_MS = 75_000;
const LOOK_EVERY_MS = 100;
/** Numbers at which catching up ends: passes, and rows of the last one. */
const MOST_PASSES = 10;
const FEW_ROWS = 1_000;
const SHORT_PASS_MS = 1_500;
/** Share of the time of the pass before from which on catching up does not get shorter. */
const STILL_SHRINKS = 0.7;
const DAY_MS = 86_400_000;
/** How often it is tried to close the tenant. */
const MOST_ATTEMPTS = 5;

const not = (notes: Partial<MoveNotes>) => notes.switched !== true;

const examine: MoveStep = {
  name: 'examine',
  label: 'looking whether it can move',
  async run(work) {
    const { surroundings, parameters, schemas } = work;
    const [schema] = schemas as [string];
    const from = await atCell(surroundings, null, (client) => cellOf(client, schema));
    const skipped = await examineMove(surroundings, schema, from, parameters.to);
    const begun = await atCell(surroundings, from, readCutoff);
    await work.note({ from, begun, skipped });
  },
  async undo() {},
};

const prepare: MoveStep = {
  name: 'prepare',
  label: 'creating its tables in the other cell',
  async run(work) {
    const { schema, to, ends } = placesOf(work);
    await atCell(work.surroundings, to, (client) =>
      inTransaction(client, async () => {
        const { app } = handleOf(work.surroundings.catalogue, to);
        await createTargetSchema(client, schema, app.user, work.notes.skipped ?? []);
        await openForRows(client, schema);
        const remark = `${REMARK} the copy of a tenant that moves here`;
        await client.query(`COMMENT ON SCHEMA ${quoteIdentifier(schema)} IS '${remark}'`);
      }),
    );
    await betweenEnds(ends.from, ends.to, (from, to) => checkSameTables(from, to, schema));
    await work.note({ cutoffs: {}, copied: 0 });
  },
  canUndo: not,
  undo: removeCopy,
};

const copy: MoveStep = {
  name: 'copy',
  label: 'copying its rows',
  async run(work) {
    const cutoffs = { ...work.notes.cutoffs };
    const before = work.notes.copied ?? 0;
    await copyTables(work, cutoffs, {
      without: ({ name }) => name in cutoffs,
      counts: (rows) => ({ copied: before + rows }),
    });
  },
  canUndo: not,
  async undo() {},
};

const catchUp: MoveStep = {
  name: 'catch-up',
  label: 'copying what has changed meanwhile',
  async run(work) {
    let rows = work.notes.caughtUp ?? 0;
    let before: Pass | undefined;
    for (let passes = 1; ; passes++) {
      const earlier = rows;
      const cutoffs = { ...work.notes.cutoffs };
      const pass = await copyTables(work, cutoffs, { counts: (more) => ({ caughtUp: earlier + more }) });
      rows += pass.rows;
      // As soon as a pass is hardly shorter than the one before, the next ones would not be either.
      const isSmall = pass.rows <= FEW_ROWS || pass.ms <= SHORT_PASS_MS;
      if (isSmall || passes === MOST_PASSES || (before && pass.ms > before.ms * STILL_SHRINKS)) return;
      before = pass;
    }
  },
  canUndo: not,
  async undo() {},
};

const compare: MoveStep = {
  name: 'compare',
  label: 'comparing all rows',
  run: compareAll,
  canUndo: not,
  async undo() {},
};

const switching: MoveStep = {
  name: 'switch',
  label: 'switching it over',
  async run(work) {
    const { from } = placesOf(work);
    if (await isSwitched(work)) return;
    await reopen(work);
    for (let attempt = 1; ; attempt++) {
      const same = await atCell(work.surroundings, from, serverIdentity);
      if (same !== work.notes.compared) await compareAll(work);
      try {
        await drain(work);
        await copyTables(work, { ...work.notes.cutoffs }, {});
        await drain(work); // the pass may have taken longer than the work was held
        await switchOnce(work);
        return;
      } catch (error) {
        // Of a commit that fails with its connection only the catalogue knows whether it was done.
        if (await isSwitched(work)) return;
        await reopen(work);
        if (!isWorthAnother(error) || attempt >= MOST_ATTEMPTS) throw error;
      }
    }
  },
  canUndo: not,
  undo: reopen,
};

const open: MoveStep = {
  name: 'open',
  label: 'letting its work begin in the other cell',
  async run(work) {
    const { schema, to } = placesOf(work);
    await atCell(work.surroundings, to, (client) =>
      inTransaction(client, async () => {
        await openSchema(client, schema);
        if (to !== null) await holdWork(client, schema, 0);
        await client.query(
          `SELECT pg_notify(channel, '') FROM unnest(ARRAY['leopard_events', 'leopard_client_imports_due']) AS c (channel)`,
        );
      }),
    );
  },
};

const finish: MoveStep = {
  name: 'finish',
  label: 'tidying up',
  async run(work) {
    const { schema, from, to } = placesOf(work);
    await atCell(work.surroundings, to, (client) => validateKeys(client, schema));
    await atCell(work.surroundings, from, (client) =>
      inTransaction(client, async () => {
        await lockTenants(client, schema);
        await removePublicRows(client, schema);
        if (from !== null)
          await client.query(
            'DELETE FROM public.tenants_tenant WHERE schema_name = $1 AND cell IS NOT NULL',
            [schema],
          );
        const { keepDays } = work.parameters;
        const until = new Date(Date.now() + keepDays * DAY_MS).toISOString();
        await remarkOn(client, schema, `${REMARK} it lives in ${cellLabel(to)}; ${KEPT_UNTIL}${until}`);
        if (keepDays > 0) return;
        await client.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`);
        await dropTenantRole(client, schema);
      }),
    );
    await work.note({ cutoffs: {} });
  },
};

/** The move of a tenant to another cell, while it works. */
export const MOVE: Operation<MoveParameters, MoveNotes, MoveSurroundings> = {
  kind: 'move',
  steps: [examine, prepare, copy, catchUp, compare, switching, open, finish],
};

function placesOf({ surroundings, parameters, notes, schemas }: Work): {
  readonly schema: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly ends: { readonly from: ConnectionSettings; readonly to: ConnectionSettings };
} {
  const { to } = parameters;
  const { from } = notes;
  if (from === undefined) throw new Error('the move was not examined');
  const ends = { from: ownerOf(surroundings, from), to: ownerOf(surroundings, to) };
  return { schema: schemas[0]!, from, to, ends };
}

interface CopyOptions {
  readonly without?: (table: { readonly name: string }) => boolean;
  readonly verify?: boolean;
  /** What to note of the rows so far. */
  readonly counts?: (rows: number) => Partial<MoveNotes>;
}

/** Runs one pass over all tables, and notes how far it is. */
async function copyTables(
  work: Work,
  cutoffs: Record<string, Cutoff>,
  { without, verify, counts }: CopyOptions,
): Promise<Pass> {
  const { schema, ends } = placesOf(work);
  const { begun } = work.notes;
  return await betweenEnds(ends.from, ends.to, async (from, to) => {
    const tables = await readMovedTables(from, schema);
    let rows = 0;
    return await runPass({ from, to, schema, begun: begun! }, tables, {
      cutoffs: { ...cutoffs },
      ...(without && { without }),
      ...(verify !== undefined && { verify }),
      signal: work.signal,
      onRows: (so) => {
        rows = so;
      },
      async onTable(table, cutoff, done) {
        cutoffs[table] = cutoff;
        await work.note({ cutoffs: { ...cutoffs }, ...counts?.(rows) });
        work.progress({ done, total: tables.length });
      },
    });
  });
}

async function compareAll(work: Work): Promise<void> {
  const { from } = placesOf(work);
  // Asked first: a server that is replaced meanwhile is noticed when the tenant is switched over.
  const compared = await atCell(work.surroundings, from, serverIdentity);
  await copyTables(work, { ...work.notes.cutoffs }, { verify: true });
  await work.note({ compared });
}

function isWorthAnother(error: unknown): boolean {
  return error instanceof TenantBusyError || error instanceof TooLongError;
}

async function switchOnce(work: Work): Promise<void> {
  const { surroundings, parameters, signal } = work;
  const { schema, from, to } = placesOf(work);
  const { cutoffs = {}, begun } = work.notes;
  const tables = await atCell(surroundings, from, (client) => readMovedTables(client, schema));
  const move = { schema, from, to, tables, cutoffs, begun: begun!, longest: parameters.longest, signal };
  await switchOver(surroundings, move, work.inCatalogue, ({ closedMs, rows }, catalogue) =>
    work.note({ switched: true, closedMs, lastRows: rows }, catalogue),
  );
}

/** Holds background work on the tenant, and waits for deliveries that are being sent. @throws TenantBusyError */
async function drain(work: Work): Promise<void> {
  const { schema, from } = placesOf(work);
  const late = performance.now() + DELIVERIES_END_WITHIN_MS;
  await atCell(work.surroundings, from, async (client) => {
    let heldAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      if (performance.now() - heldAt > (HOLD_SECONDS * 1_000) / 3) {
        await holdWork(client, schema, HOLD_SECONDS);
        heldAt = performance.now();
      }
      if ((await deliveriesUnderWay(client, schema)) === 0) return;
      if (performance.now() > late) throw new TenantBusyError(schema);
      await sleep(LOOK_EVERY_MS, undefined, { signal: work.signal });
    }
  });
}

/**
 * Returns whether the tenant was switched over, and notes it: what the catalogue says counts. Waits for a transaction of
 * this move that is not over yet.
 */
async function isSwitched(work: Work): Promise<boolean> {
  const { schema, from, to } = placesOf(work);
  return await work.inCatalogue(async (client) => {
    const cell = await cellOf(client, schema, 'update');
    if (cell !== from && cell !== to)
      throw new PlainError(`${schema} lives in ${cellLabel(cell)} now; the move is out of date`);
    if (cell === to && !work.notes.switched) await work.note({ switched: true }, client);
    return cell === to;
  });
}

/** @throws PlainError when the tenant was switched over, from where there is no way back but another move */
async function checkNotSwitched(work: Work): Promise<void> {
  if (await isSwitched(work))
    throw new PlainError(`${work.schemas[0]} was switched over already; carry the move on`);
}

/** Opens the tenant where it was, and takes the foreign keys off its copy again. */
async function reopen(work: Work): Promise<void> {
  const { schema, from, to } = placesOf(work);
  await checkNotSwitched(work);
  await atCell(work.surroundings, from, (client) =>
    inTransaction(client, async () => {
      await openSchema(client, schema);
      await setLivesHere(client, schema, null);
      await reopenQueues(client, schema);
    }),
  );
  await atCell(work.surroundings, to, (client) =>
    inTransaction(client, async () => {
      if (to !== null) await setLivesHere(client, schema, to);
      await openForRows(client, schema);
    }),
  );
}

/** Removes the copy from the other cell. */
async function removeCopy(work: Work): Promise<void> {
  const { schema, to } = placesOf(work);
  await checkNotSwitched(work);
  await atCell(work.surroundings, to, (client) =>
    inTransaction(client, async () => {
      await lockTenants(client, schema);
      await removePublicRows(client, schema);
      if (to !== null)
        await client.query('DELETE FROM public.tenants_tenant WHERE schema_name = $1', [schema]);
      await client.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`);
      await dropTenantRole(client, schema);
    }),
  );
}
