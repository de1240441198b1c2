import type { Statement } from './statement.js';

/** A function that reads something more once a pending result has arrived. */
export type ReadMore = <Row>(query: Statement<Row>) => Promise<Row[]>;

/**
 * The result of statements that were sent without waiting. It is awaited only by the runner of the transaction, with
 * the answer to COMMIT, or by the caller of `TenantTransaction.result`. So nothing that decides whether to commit may be
 * pending: what checks something returns a promise.
 */
export class Pending<T> {
  readonly #finish: (read: ReadMore) => T | Promise<T>;
  #result: Promise<T> | undefined;

  constructor(finish: (read: ReadMore) => T | Promise<T>) {
    this.#finish = finish;
  }

  /**
   * Returns the result transformed by `next`.
   * @param next errors that it throws no longer roll the transaction back; `read` reads after COMMIT, in a transaction
   * of its own
   */
  map<Next>(next: (value: T, read: ReadMore) => Next | Promise<Next>): Pending<Next> {
    return new Pending(async (read) => next(await Pending.finish(this, read), read));
  }

  /** Returns both results as one. */
  and<Other>(other: Pending<Other>): Pending<[T, Other]> {
    return new Pending(async (read) => [await Pending.finish(this, read), await Pending.finish(other, read)]);
  }

  /** Waits for the result, when the statements are on their way. */
  static finish<T>(pending: Pending<T>, read: ReadMore): Promise<T> {
    pending.#result ??= Promise.resolve(pending.#finish(read));
    return pending.#result;
  }
}

/**
 * The return type of a function that works in a transaction: a result, or one that arrives with the answer to COMMIT.
 */
export type MaybePending<T> = Pending<T> | Promise<T | Pending<T>>;

/** Returns a function that takes the first row. @throws what `missing` makes when there is none */
export function firstOr(missing: () => Error): <Row>(rows: readonly Row[]) => Row {
  return ([row]) => {
    if (row === undefined) throw missing();
    return row;
  };
}
