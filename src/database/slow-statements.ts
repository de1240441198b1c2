import { joinLines } from '../platform/join-lines.js';

/** A round trip to the database that took long. Values of statements are not in their texts. */
export interface SlowStatements {
  /** The tenant's schema; null for statements on schema `public`. */
  readonly tenant: string | null;
  /** The acting user's id; null for the system. */
  readonly user: number | null;
  readonly reqId: string | undefined;
  readonly ms: number;
  readonly statements: readonly string[];
}

/** Maximum number of statements that are reported of a round trip, and of characters of each. */
const MOST = 5;
const LONGEST = 1_000;

/** Reports the slow statements of all connections; of none until it is given a limit and a receiver. */
export const slowStatements = {
  /** Milliseconds from which a round trip counts as slow; infinite: none is timed. */
  limitMs: Number.POSITIVE_INFINITY,
  report: (_slow: SlowStatements): void => undefined,
};

/** Reports a round trip. @param ms its duration */
export function reportSlow(
  context: { readonly schema: string; readonly userId: number | null; readonly source?: string } | null,
  ms: number,
  statements: readonly { readonly sql: string }[],
): void {
  slowStatements.report({
    tenant: context?.schema ?? null,
    user: context?.userId ?? null,
    reqId: context?.source?.split(' ', 2)[1],
    ms: Math.round(ms),
    statements: statements.slice(0, MOST).map(({ sql }) => joinLines(sql).slice(0, LONGEST)),
  });
}
