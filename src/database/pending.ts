import type { Executable } from './statement.js';

/** Reads something more once a pending result is there. */
export type ReadMore = <Row>(query: Executable<Row>) => Promise<Row[]>;

/**
 * The result of statements that were sent without waiting. Only the runner of the transaction waits for it, with the
 * answer to COMMIT, or whoever asks `TenantTransaction.result` for it.
 */
export class Pending<T> {
  readonly #finish: (read: ReadMore) => T | Promise<T>;
  #result: Promise<T> | undefined;

  constructor(finish: (read: ReadMore) => T | Promise<T>) {
    this.#finish = finish;
  }

  /**
   * Returns what `next` makes of the result.
   * @param next what it throws no longer undoes the transaction; `read` reads after COMMIT, in a transaction of its own
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

/** What a function returns that works in a transaction: a result, or one that comes with the answer to COMMIT. */
export type MaybePending<T> = Pending<T> | Promise<T | Pending<T>>;

/** Returns what takes the first of some rows. @throws what `missing` makes when there is none */
export function firstOr(missing: () => Error): <Row>(rows: readonly Row[]) => Row {
  return ([row]) => {
    if (row === undefined) throw missing();
    return row;
  };
}
