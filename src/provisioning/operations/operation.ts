import type { ConnectionSettings } from '../../config/config.js';
import type { OwnerClient } from '../../database/owner.js';

/** The means that every operation needs; a kind adds its own, such as the folder of files. */
export interface Surroundings {
  /** The owner's connection to the catalogue, which holds `public.tenant_operation`. */
  readonly owner: ConnectionSettings;
}

/** The progress of a step. Counts are of whatever the step handles: tables, rows, files. */
export interface StepProgress {
  readonly done: number;
  /** Null while it is not known. */
  readonly total: number | null;
}

/** The facts and means with which a step works. */
export interface StepWork<P, N, S extends Surroundings> {
  /** The operation's id. */
  readonly id: number;
  /** The tenants' schemas, as given to `runOperation`. */
  readonly schemas: readonly string[];
  readonly parameters: P;
  /** What this and earlier steps noted, also before the process was killed. */
  readonly notes: Partial<N>;
  readonly surroundings: S;
  /** Fires when another process has taken the operation over, or when the caller asks to stop. */
  readonly signal: AbortSignal;
  /**
   * Runs `work` in a transaction of the catalogue, which is committed only while this process holds the operation.
   * Waits for a killed process's transaction of the same operation.
   */
  inCatalogue<T>(work: (client: OwnerClient) => Promise<T>): Promise<T>;
  /**
   * Stores facts for later steps, for a second run of this one, and for the operation's result.
   * @param client of `inCatalogue`, to store them with that transaction or not at all
   */
  note(facts: Partial<N>, client?: OwnerClient): Promise<void>;
  /** Reports progress; cheap enough to be called for each row. */
  progress(progress: StepProgress): void;
}

/**
 * One step of an operation. It is idempotent: a process may be killed at any point of it, or after its end before that is
 * stored, and another one runs it again from its beginning.
 */
export interface Step<P, N, S extends Surroundings> {
  /** Stored, so it never changes its meaning. */
  readonly name: string;
  /** What it does, for the display: "copying the tables". */
  readonly label: string;
  run(work: StepWork<P, N, S>): Promise<void>;
  /**
   * Undoes the step, whether or not it was finished; idempotent too. An operation whose steps so far can all be undone
   * is undone when one fails. Without it, there is no way back from this step: the operation can only be carried on.
   */
  undo?(work: StepWork<P, N, S>): Promise<void>;
  /** Whether the step can still be undone, by what it noted; it can when this is not given. */
  canUndo?(notes: Partial<N>): boolean;
}

/**
 * A kind of operation on a tenant.
 *
 * To add one: declare its steps, run it with `runOperation`, and name it in `src/cli/operation-kinds.ts`, so that
 * `leopard tenants resume` can carry it on. Test it with `test/helpers/killed-operations.ts`, which kills a process at
 * each step of the list. P: its parameters, N: what its steps note, both stored as JSON; S: its means, given anew to each
 * process.
 * @example
 * const copy: Operation<{ to: string }, { rows: number }, Surroundings> = {
 *   kind: 'copy',
 *   steps: [{ name: 'rows', label: 'copying the rows', run: …, undo: … }],
 * };
 * const { rows } = await runOperation(copy, { owner }, { schemas: ['tenant_a', 'tenant_b'], parameters: { to: 'b' } });
 */
export interface Operation<P extends object, N extends object, S extends Surroundings> {
  /** Also the subcommand of `leopard tenants` that runs it. */
  readonly kind: string;
  readonly steps: readonly Step<P, N, S>[];
  /** Parameters that are not kept beyond the operation's end, nor compared when the command is given again. */
  readonly secrets?: readonly (keyof P & string)[];
}

/** FAILED waits to be carried on, DONE and UNDONE are over. */
export type OperationState = 'RUNNING' | 'UNDOING' | 'FAILED' | 'DONE' | 'UNDONE';
