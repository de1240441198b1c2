import { type AnswerBounds, AnswerTooLargeError } from '../../database/answer-bounds.js';
import type { Database } from '../../database/database.js';
import type { Sql } from '../../database/sql.js';
import type { TenantContext } from '../../database/tenant-transaction.js';

/** Numbers of rows of a batch: the first one, or the next where these are too large together. */
const SIZES = [1_000, 100, 10, 1] as const;
/** Maximum number of bytes of a batch of several rows. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Rows that are read batch by batch, each batch in a transaction of its own and no larger than fits into memory. */
export class FittingBatches {
  #size = 0;

  /** @param single the bounds of a row that does not fit together with others */
  constructor(
    private readonly database: Database,
    private readonly context: TenantContext,
    private readonly single: AnswerBounds,
  ) {}

  /**
   * Reads the next batch.
   * @param query returns the query for this many rows, behind those that were read
   * @throws AnswerTooLargeError for a single row beyond its bounds
   */
  async read<Row>(
    query: (limit: number) => Sql<Row>,
  ): Promise<{ readonly rows: Row[]; readonly isLast: boolean }> {
    for (;;) {
      const limit = SIZES[this.#size] as number;
      const bounds = limit === 1 ? this.single : { most: MOST_BYTES };
      try {
        const rows = await this.database.tenantQuery({ ...this.context, bounds }, query(limit));
        return { rows, isLast: rows.length < limit };
      } catch (error) {
        if (!(error instanceof AnswerTooLargeError) || limit === 1) throw error;
        this.#size++;
      }
    }
  }
}
