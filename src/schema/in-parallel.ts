import type { ConnectionSettings } from '../config/config.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { isWorthRetrying } from './locking.js';

/** Number of tenants per connection: a backend caches each tenant's tables, so a long run needs a fresh one at times. */
export const TENANTS_PER_CONNECTION = 25;

/** A tenant that failed; it keeps what was done before. */
export interface SchemaFailure {
  readonly scope: string;
  readonly error: Error;
}

export interface ParallelOptions {
  /** Number of connections at once. */
  readonly parallel: number;
  /** Called when a tenant is put off to the end, where it is tried once more. */
  readonly onPutOff?: ((failure: SchemaFailure) => void) | undefined;
  /** Called when a tenant is done, well or not. */
  readonly onDone?: ((scope: string, error?: Error) => void) | undefined;
}

/** One schema of a run. */
export interface Turn {
  readonly schema: string;
  /** Whether it is not tried again in this run. */
  readonly isLast: boolean;
}

/**
 * Works through schemas on several connections. A tenant whose tables are in use, on which another process works, or
 * whose connection is lost is tried once more when all others are done. One that fails does not stop the others.
 * @returns the failures
 * @throws errors of connecting
 */
export async function runInParallel(
  owner: ConnectionSettings,
  schemas: readonly string[],
  work: (client: OwnerClient, turn: Turn) => Promise<void>,
  options: ParallelOptions,
): Promise<SchemaFailure[]> {
  const failures: SchemaFailure[] = [];
  let putOff: string[] = [];
  const round = async (todo: readonly string[], isLast: boolean) => {
    const queue = todo.values();
    let working = Math.min(options.parallel, todo.length);
    const takeTurns = async () => {
      for (let next = queue.next(); !next.done; ) {
        const batch = async (client: OwnerClient) => {
          for (let done = 1; !next.done; done++) {
            const error = await attempt(client, next.value, isLast);
            next = queue.next();
            if (done === TENANTS_PER_CONNECTION || (error && !(await isUsable(client)))) return;
          }
        };
        try {
          await withOwner(owner, batch);
        } catch (error) {
          // The server has no connection left; the others go on.
          if (isLast || working === 1 || next.done) throw error;
          working--;
          putOff.push(next.value);
          return;
        }
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: working }, takeTurns));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  };
  const attempt = async (client: OwnerClient, schema: string, isLast: boolean): Promise<Error | null> => {
    const error = await work(client, { schema, isLast }).then(
      () => null,
      (failure: Error) => failure,
    );
    if (error && !isLast && (isWorthRetrying(error) || !(await isUsable(client)))) {
      putOff.push(schema);
      options.onPutOff?.({ scope: schema, error });
      return error;
    }
    if (error) failures.push({ scope: schema, error });
    options.onDone?.(schema, error ?? undefined);
    return error;
  };
  await round(schemas, false);
  const again = putOff;
  putOff = [];
  await round(again, true);
  return failures;
}

async function isUsable(client: OwnerClient): Promise<boolean> {
  return await client.query('SELECT 1').then(
    () => true,
    () => false,
  );
}
