import { joinLines } from '../platform/join-lines.js';
import { errorKind, newPlace, type SpanPlace, spans } from '../platform/spans.js';
import {
  type MaybePending,
  runTenantTransaction,
  type TenantTransaction,
  type TransactionPlace,
} from './tenant-transaction.js';

/** Maximum number of characters of statements in a span. */
const LONGEST_TEXT = 2_000;

/** Runs a transaction as `runTenantTransaction` does, and records its span. @param askedAt when a connection was asked for */
export async function runTraced<T>(
  place: TransactionPlace,
  work: (transaction: TenantTransaction) => MaybePending<T>,
  askedAt: number,
): Promise<T> {
  const startedAt = performance.now();
  const queries: string[] = [];
  let error: string | undefined;
  try {
    return await runTenantTransaction({ ...place, queries }, work);
  } catch (thrown) {
    error = errorKind(thrown);
    throw thrown;
  } finally {
    const { sink } = spans;
    const { schema, trace } = place.context ?? {};
    if (sink && trace?.isSampled) record({ schema: schema ?? '', trace, queries, askedAt, startedAt, error });
  }
}

function record(about: {
  readonly schema: string;
  readonly trace: SpanPlace;
  readonly queries: readonly string[];
  readonly askedAt: number;
  readonly startedAt: number;
  readonly error: string | undefined;
}): void {
  const { schema, trace, queries, askedAt, startedAt, error } = about;
  const { sink } = spans;
  sink?.record({
    name: 'transaction',
    kind: 'client',
    place: newPlace(sink, trace),
    parent: trace,
    startedAt,
    endedAt: performance.now(),
    attributes: {
      'db.system.name': 'postgresql',
      'leopard.tenant': schema,
      'leopard.connection_wait_ms': Math.round(startedAt - askedAt),
      'leopard.statements': queries.length,
      // Values are parameters, and not in the text.
      'db.query.text': queries.map(joinLines).join('; ').slice(0, LONGEST_TEXT),
    },
    error,
  });
}
