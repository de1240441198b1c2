import type { Executable } from '../../database/statement.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';

/** The tenant's transaction as one handler may use it, until it is closed. */
export class LimitedTransaction {
  #closed: Error | null = null;
  readonly #sent: Promise<unknown>[] = [];

  constructor(private readonly transaction: TenantTransaction) {}

  query<Row>(query: Executable<Row>): Promise<Row[]> {
    if (this.#closed) return Promise.reject(this.#closed);
    const rows = this.transaction.query(query);
    this.#sent.push(rows); // so that `finish` reports its failure, even when the handler does not wait for it
    return rows;
  }

  /** Accepts no further statement; resolves when all were answered. @throws the error of the first that failed */
  async finish(): Promise<void> {
    this.close(new Error('the handler has ended'));
    await Promise.all(this.#sent);
  }

  /** Closes the transaction to the handler: further statements fail with this error. */
  close(why: Error): void {
    this.#closed ??= why;
  }
}
