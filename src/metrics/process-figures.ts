import type { Sample } from './exposition.js';

/** The work of one process between two scrapes, and its state. Rates are per second, durations in milliseconds. */
export interface ProcessFigures {
  readonly requests: number;
  /** Requests answered with a 5xx. */
  readonly failed: number;
  /** Upper bounds of the histogram's buckets; null without requests. Streams are left out. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly streams: number;
  readonly connections: { readonly open: number; readonly waiting: number };
  /** The event loop's. */
  readonly lag: number;
  readonly memory: number;
  /** Proportion of one processor. */
  readonly processor: number;
  /** The tenants that take the most time, the slowest first. `busy`: seconds of requests per second. */
  readonly tenants: readonly { readonly tenant: string; readonly requests: number; readonly busy: number }[];
}

const REQUESTS = 'leopard_http_request_duration_seconds';
const MOST_TENANTS = 10;
const isStream = ({ route = '' }: Sample['labels']) => route.endsWith('/stream/');

/** Compares two scrapes of one process. @param seconds the time between them; since the start where there is one only */
export function processFigures(
  before: readonly Sample[],
  after: readonly Sample[],
  seconds: number,
): ProcessFigures {
  const keyOf = ({ name, labels }: Sample) => `${name} ${JSON.stringify(labels)}`;
  const earlier = new Map(before.map((sample) => [keyOf(sample), sample.value]));
  // A process that has started anew counts from zero.
  const grown = (sample: Sample) => {
    const old = earlier.get(keyOf(sample)) ?? 0;
    return sample.value >= old ? sample.value - old : sample.value;
  };
  const of = (name: string) => after.filter((sample) => sample.name === name);
  const sum = (samples: readonly Sample[], value = grown) =>
    samples.reduce((total, sample) => total + value(sample), 0);
  const now = ({ value }: Sample) => value;
  const counts = of(`${REQUESTS}_count`).filter(({ labels }) => !isStream(labels));
  const buckets = of(`${REQUESTS}_bucket`).filter(({ labels }) => !isStream(labels));
  const connections = of('leopard_database_connections');
  const inState = (state: string) => connections.filter(({ labels }) => labels.state === state);
  const time = new Map(
    of('leopard_tenant_request_seconds_total').map((sample) => [sample.labels.tenant, grown(sample)]),
  );
  return {
    requests: sum(counts) / seconds,
    failed: sum(counts.filter(({ labels }) => labels.status?.startsWith('5'))) / seconds,
    p50: quantile(buckets, grown, 0.5),
    p99: quantile(buckets, grown, 0.99),
    streams: sum(of('leopard_open_streams'), now),
    connections: { open: sum(inState('open'), now), waiting: sum(inState('waiting'), now) },
    lag: 1_000 * sum(of('nodejs_eventloop_lag_p99_seconds'), now),
    memory: sum(of('process_resident_memory_bytes'), now),
    processor: sum(of('process_cpu_seconds_total')) / seconds,
    tenants: of('leopard_tenant_requests_total')
      .map((sample) => ({
        tenant: sample.labels.tenant ?? '',
        requests: grown(sample) / seconds,
        busy: (time.get(sample.labels.tenant) ?? 0) / seconds,
      }))
      .filter(({ requests }) => requests > 0)
      .toSorted((one, other) => other.busy - one.busy)
      .slice(0, MOST_TENANTS),
  };
}

/** Returns the bound, in milliseconds, below which a proportion of the requests are; infinite beyond all bounds. */
function quantile(
  buckets: readonly Sample[],
  grown: (sample: Sample) => number,
  proportion: number,
): number | null {
  const below = new Map<number, number>();
  for (const sample of buckets) {
    const bound = Number((sample.labels.le ?? '').replace('+Inf', 'Infinity'));
    below.set(bound, (below.get(bound) ?? 0) + grown(sample));
  }
  const total = below.get(Number.POSITIVE_INFINITY) ?? 0;
  if (total === 0) return null;
  const bounds = [...below].toSorted(([one], [other]) => one - other);
  return 1_000 * (bounds.find(([, count]) => count >= proportion * total)?.[0] ?? Number.POSITIVE_INFINITY);
}
