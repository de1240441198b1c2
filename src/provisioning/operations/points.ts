import { channel } from 'node:diagnostics_channel';

/** A moment of an operation, published to the subscribers in this process: tests, which kill it there. */
export interface OperationPoint {
  readonly kind: string;
  readonly step: string;
  /** `before` and `after` a step, `after` before its end is stored; `during`: at each report of progress or note. */
  readonly at: 'before' | 'during' | 'after' | 'before-undo' | 'after-undo';
}

const points = channel('leopard:operation');

/** Publishes a point; costs nothing without subscribers. */
export function reached(kind: string, step: string, at: OperationPoint['at']): void {
  if (points.hasSubscribers) points.publish({ kind, step, at } satisfies OperationPoint);
}
