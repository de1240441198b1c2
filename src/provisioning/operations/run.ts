import { inTransaction, type OwnerClient, withOwner } from '../../database/owner.js';
import { joinLines } from '../../platform/join-lines.js';
import { PlainError } from '../../platform/plain-error.js';
import { OperationFailedError, OperationHeldError, OperationInTheWayError } from './errors.js';
import { type Holder, newHolder } from './holder.js';
import type { Operation, Step, StepProgress, StepWork, Surroundings } from './operation.js';
import { reached } from './points.js';
import {
  begin,
  fence,
  LEASE_SECONDS,
  type OperationChanges,
  type StoredOperation,
  take,
  update,
} from './store.js';

/** Called when a step begins, and with its progress. */
export type OnStep = (
  step: { readonly label: string; readonly number: number; readonly steps: number } & StepProgress,
) => void;

export interface RunOptions {
  readonly onStep?: OnStep;
  /** Asks the operation to stop where it is; it can be carried on later. */
  readonly signal?: AbortSignal;
}

/** The tenants and parameters of an operation. */
export interface OperationRequest<P> {
  /** The schema of the tenant, then those of other tenants that nothing else may change meanwhile. */
  readonly schemas: readonly [string, ...string[]];
  readonly parameters: P;
  /**
   * Refuses the operation by throwing, in the transaction that begins it: no other operation can come between what it finds
   * and the first step. Not called when an operation that was cut off is carried on.
   */
  readonly check?: (client: OwnerClient) => Promise<void>;
}

const BEAT_MS = (LEASE_SECONDS * 1_000) / 4;
const LONGEST_ERROR = 2_000;

/**
 * Runs an operation, or carries the same one on that was cut off. One that was being undone is undone to its end first.
 * A failure undoes it where all its steps so far can be undone.
 * @returns what the steps noted
 * @throws OperationInTheWayError, OperationHeldError, what `check` throws: nothing was changed; OperationFailedError: it
 * can be carried on; what a step threw: everything is undone
 */
export async function runOperation<P extends object, N extends object, S extends Surroundings>(
  operation: Operation<P, N, S>,
  surroundings: S,
  { check, ...request }: OperationRequest<P>,
  options: RunOptions = {},
): Promise<Partial<N>> {
  const { kind, secrets = [] } = operation;
  const holder = newHolder();
  return await withOwner(surroundings.owner, async (client) => {
    for (;;) {
      const found = await begin(client, holder, { kind, ...request }, secrets, check);
      if ('begun' in found) {
        const fresh = {
          id: found.begun,
          kind,
          ...request,
          notes: {},
          state: 'RUNNING' as const,
          stepsDone: [],
        };
        return await new Run(operation, surroundings, client, holder, fresh, options).forward();
      }
      if (!found.isSame) throw new OperationInTheWayError(found.unfinished);
      const taken = await take(client, found.unfinished.id, holder);
      const run = new Run(operation, surroundings, client, holder, taken, options);
      if (taken.state !== 'UNDOING') return await run.forward();
      await run.backward();
    }
  });
}

/**
 * Carries an unfinished operation on, or undoes it, which one that was being undone is anyway.
 * @returns whether it is done or undone
 * @throws as runOperation; PlainError when it is to be undone and there is no way back
 */
export async function resumeOperation<P extends object, N extends object, S extends Surroundings>(
  operation: Operation<P, N, S>,
  surroundings: S,
  id: number,
  { undo = false, ...options }: RunOptions & { readonly undo?: boolean } = {},
): Promise<'DONE' | 'UNDONE'> {
  const holder = newHolder();
  return await withOwner(surroundings.owner, async (client) => {
    const taken = await take(client, id, holder);
    const run = new Run(operation, surroundings, client, holder, taken, options);
    if (undo || taken.state === 'UNDOING') {
      await run.backward();
      return 'UNDONE';
    }
    await run.forward();
    return 'DONE';
  });
}

/** One process's work on one operation that it holds. */
class Run<P extends object, N extends object, S extends Surroundings> {
  readonly #aborter = new AbortController();
  readonly #notes: Partial<N>;
  /** Notes of transactions that are not committed yet. */
  readonly #uncommitted = new WeakMap<OwnerClient, Partial<N>>();
  #done: string[];
  #progress: StepProgress | null = null;

  constructor(
    private readonly operation: Operation<P, N, S>,
    private readonly surroundings: S,
    /** A connection for the operation's row alone, so that the lease is extended during long transactions. */
    private readonly client: OwnerClient,
    private readonly holder: Holder,
    private readonly stored: StoredOperation,
    private readonly options: RunOptions,
  ) {
    this.#notes = stored.notes as Partial<N>;
    this.#done = [...stored.stepsDone];
  }

  async forward(): Promise<Partial<N>> {
    return await this.#holding(async () => {
      const { kind, steps, secrets = [] } = this.operation;
      for (const step of steps) {
        if (this.#done.includes(step.name)) continue;
        try {
          await this.#enter(step);
          reached(kind, step.name, 'before');
          this.#aborter.signal.throwIfAborted();
          await step.run(this.#work(step));
          reached(kind, step.name, 'after');
        } catch (error) {
          throw await this.#failed(step, error as Error);
        }
        this.#done.push(step.name);
        await this.#store({ stepsDone: this.#done, progress: null });
      }
      await this.#store({ state: 'DONE', step: null, finish: secrets });
      return this.#notes;
    });
  }

  /** @param reason the failure because of which it is undone, while `#holding` */
  async backward(reason?: Error): Promise<void> {
    const { kind, steps, secrets = [] } = this.operation;
    const begun = this.#begunSteps();
    const blocking = begun.find((step) => !this.#canUndo(step));
    if (blocking) {
      await this.#store({ state: 'FAILED', release: true });
      throw new PlainError(
        `${kind} cannot be undone any more, since it was ${blocking.label}; carry it on without --undo`,
      );
    }
    const undo = async () => {
      await this.#store({ state: 'UNDOING', ...(reason && { error: errorText(reason) }) });
      for (const step of begun.toReversed()) {
        await this.#enter(step);
        reached(kind, step.name, 'before-undo');
        await step.undo?.(this.#work(step));
        reached(kind, step.name, 'after-undo');
        this.#done = steps
          .map(({ name }) => name)
          .filter((name) => this.#done.includes(name) && name !== step.name);
        await this.#store({ stepsDone: this.#done, progress: null });
      }
      await this.#store({ state: 'UNDONE', step: null, finish: secrets });
    };
    try {
      await (reason ? undo() : this.#holding(undo));
    } catch (error) {
      await this.#store({ error: errorText(error as Error), release: true }).catch(() => undefined);
      throw error;
    }
  }

  /** Returns the steps that may have changed something: those done, and the one after them. */
  #begunSteps(): readonly Step<P, N, S>[] {
    const { steps } = this.operation;
    const next = steps.findIndex(({ name }) => !this.#done.includes(name));
    return next < 0 ? steps : steps.slice(0, next + 1);
  }

  #canUndo({ undo, canUndo }: Step<P, N, S>): boolean {
    return undo !== undefined && (canUndo?.(this.#notes) ?? true);
  }

  /** Undoes the operation after a failure, or leaves it to be carried on. @returns the error to throw */
  async #failed(step: Step<P, N, S>, error: Error): Promise<Error> {
    const { kind } = this.operation;
    // Another process has it, or somebody asked to stop: it is carried on later.
    if (error instanceof OperationHeldError) return error;
    const stopped = this.options.signal?.aborted === true;
    if (!stopped && this.#begunSteps().every((each) => this.#canUndo(each))) {
      return await this.backward(error).then(
        () => error,
        (failure: Error) => new OperationFailedError(kind, this.stored.schemas[0]!, 'undoing it', failure),
      );
    }
    const state = stopped ? 'RUNNING' : 'FAILED';
    await this.#store({ state, error: errorText(error), release: true }).catch(() => undefined);
    return new OperationFailedError(kind, this.stored.schemas[0]!, step.label, error);
  }

  /** Extends the lease while `work` goes on. */
  async #holding<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.options;
    const stop = () => this.#aborter.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    const timer = setInterval(() => {
      this.#store({ progress: this.#progress }).catch((error) => this.#aborter.abort(error));
    }, BEAT_MS);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  async #enter(step: Step<P, N, S>): Promise<void> {
    this.#progress = null;
    this.#tell(step);
    await this.#store({ step: step.name, progress: null });
  }

  #tell(step: Step<P, N, S>): void {
    const { steps } = this.operation;
    const { done, total } = this.#progress ?? { done: 0, total: null };
    this.options.onStep?.({
      label: step.label,
      number: steps.indexOf(step) + 1,
      steps: steps.length,
      done,
      total,
    });
  }

  async #store(changes: OperationChanges): Promise<void> {
    await update(this.client, this.stored.id, this.holder, changes);
  }

  #work(step: Step<P, N, S>): StepWork<P, N, S> {
    const { id, schemas, parameters } = this.stored;
    const { kind } = this.operation;
    return {
      ...{ id, schemas, surroundings: this.surroundings, signal: this.#aborter.signal },
      parameters: parameters as P,
      notes: this.#notes,
      inCatalogue: (work) =>
        withOwner(this.surroundings.owner, async (client) => {
          const result = await inTransaction(client, async () => {
            await fence(client, id, this.holder);
            return await work(client);
          });
          Object.assign(this.#notes, this.#uncommitted.get(client));
          return result;
        }),
      note: async (facts, client) => {
        await update(client ?? this.client, id, this.holder, { notes: facts });
        if (client) this.#uncommitted.set(client, { ...this.#uncommitted.get(client), ...facts });
        else Object.assign(this.#notes, facts);
        reached(kind, step.name, 'during');
      },
      progress: (progress) => {
        this.#progress = progress;
        this.#tell(step);
        reached(kind, step.name, 'during');
      },
    };
  }
}

function errorText(error: Error): string {
  return joinLines(error.message).slice(0, LONGEST_ERROR);
}
