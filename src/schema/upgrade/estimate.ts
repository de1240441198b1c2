import type { TableEffect } from './table-effects.js';
import type { TableSizes } from './table-sizes.js';

/** Bytes per second that an ordinary server with a solid-state disk manages; measured ones differ by a factor of a few. */
const SPEED = { rewrite: 30e6, index: 40e6, scan: 200e6 } as const;
/** Seconds for what surrounds each migration at each tenant: locks, ledger, commit. */
const SURROUNDING = 0.02;

/** The estimated cost of a step. Times are in seconds, sizes in bytes. */
export interface Estimate {
  /** At all tenants together, one after the other. */
  readonly seconds: number;
  /** The longest time for which tables are locked at one tenant. */
  readonly longest: number;
  /** New files that stay: indexes. */
  readonly stays: number;
  /** New files that exist beside the old ones until the end of the transaction, at the largest tenant. */
  readonly temporary: number;
  /** The write-ahead log of the new files. */
  readonly log: number;
}

/**
 * Estimates a step from its duration on empty tables and the sizes of those whose rows it works through.
 * @param ms the duration on empty tables
 * @param scopes the number of schemas that it is applied to
 */
export function estimate(
  ms: number,
  scopes: number,
  effects: readonly Pick<TableEffect, 'table' | 'work'>[],
  sizes: ReadonlyMap<string, TableSizes>,
): Estimate {
  const each = ms / 1000 + SURROUNDING;
  const total = { seconds: each * scopes, longest: each, stays: 0, temporary: 0, log: 0 };
  for (const { table, work } of effects) {
    const size = sizes.get(table);
    if (!work || !size) continue;
    const isRewrite = work === 'rewrite';
    total.seconds += (isRewrite ? size.whole : size.rows) / SPEED[work];
    total.longest += (isRewrite ? size.largestWhole : size.largestRows) / SPEED[work];
    if (work === 'index') total.stays += size.rows; // an index on all columns would be as large
    if (isRewrite) total.temporary += size.largestWhole;
    if (work !== 'scan') total.log += isRewrite ? size.whole : size.rows;
  }
  return total;
}
