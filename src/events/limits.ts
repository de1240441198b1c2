/** All times in milliseconds. */
export interface Limits {
  /** How many events are handled in one transaction. */
  readonly batch: number;
  /** For all handlers of one event. */
  readonly event: number;
  /** For a whole batch that is handled without savepoints. */
  readonly together: number;
  /** After this long no further event of a batch is begun. */
  readonly slowBatch: number;
}

export const LIMITS: Limits = { batch: 50, event: 30_000, together: 2_000, slowBatch: 1_000 };
