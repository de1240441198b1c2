/** All times in milliseconds. */
export interface BatchLimits {
  /** How many events are handled in one transaction. */
  readonly batch: number;
  /** For all handlers of one event. */
  readonly event: number;
  /** For a whole batch that is handled without savepoints. */
  readonly together: number;
  /** After this long no further event of a batch is begun. */
  readonly slowBatch: number;
  /** For a lock. */
  readonly lockWait: number;
  /** For one that a handler needs: others hold theirs for less than that, or for very long. */
  readonly handlerLockWait: number;
}

export const BATCH_LIMITS: BatchLimits = {
  batch: 50,
  event: 30_000,
  together: 2_000,
  slowBatch: 1_000,
  lockWait: 5_000,
  handlerLockWait: 200,
};
