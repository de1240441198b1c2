/** Limits of a batch; all times in milliseconds. */
export interface BatchLimits {
  /** Maximum number of events handled in one transaction. */
  readonly batch: number;
  /** Timeout for all handlers of one event. */
  readonly event: number;
  /** Timeout for a whole batch that is handled without savepoints. */
  readonly together: number;
  /** Time after which no further event of a batch is begun. */
  readonly slowBatch: number;
  /** Timeout for a lock. */
  readonly lockWait: number;
  /** Timeout for a lock that a handler needs: others hold theirs for less than that, or for very long. */
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
