import type { Metric, Registry } from 'prom-client';

export interface MetricAbout {
  readonly name: string;
  readonly help: string;
  /** The labels' names. */
  readonly labels: readonly string[];
}

interface Value {
  readonly labels: Record<string, string>;
  readonly metricName?: string;
  readonly value: number;
}

/**
 * A metric for hot paths, with one series per combination of label values. prom-client's own metrics look the series up
 * by text each time, which takes twenty times as long as counting; here the caller keeps the series.
 */
abstract class SeriesMetric<Series> {
  readonly #series = new Map<string, { readonly labels: Record<string, string>; readonly series: Series }>();

  constructor(
    registry: Registry,
    type: 'counter' | 'histogram',
    readonly about: MetricAbout,
  ) {
    const { name, help } = about;
    const get = async () => ({ name, help, type, aggregator: 'sum', values: this.#values() });
    registry.registerMetric({ name, get } as unknown as Metric);
  }

  /** Returns the series with these label values, in the order of the names; always the same object. */
  of(...values: readonly string[]): Series {
    const key = values.join('\0');
    const known = this.#series.get(key);
    if (known) return known.series;
    const labels = Object.fromEntries(this.about.labels.map((label, index) => [label, values[index] ?? '']));
    const series = this.create();
    this.#series.set(key, { labels, series });
    return series;
  }

  #values(): Value[] {
    return [...this.#series.values()].flatMap(({ labels, series }) => this.read(series, labels));
  }

  protected abstract create(): Series;
  protected abstract read(series: Series, labels: Record<string, string>): Value[];
}

/** A counter. */
export class Counts extends SeriesMetric<{ count: number }> {
  constructor(registry: Registry, about: MetricAbout) {
    super(registry, 'counter', about);
  }

  protected create() {
    return { count: 0 };
  }

  protected read({ count }: { count: number }, labels: Record<string, string>): Value[] {
    return [{ labels, value: count }];
  }
}

/** Durations in seconds, counted in buckets. */
export class DurationSeries {
  /** Number in each bucket alone; the last has those beyond all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  add(seconds: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && seconds > (this.bounds[bucket] as number)) bucket++;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += seconds;
  }
}

/** A histogram of durations. */
export class Durations extends SeriesMetric<DurationSeries> {
  /** @param bounds upper bounds of the buckets in seconds, ascending */
  constructor(
    registry: Registry,
    about: MetricAbout,
    private readonly bounds: readonly number[],
  ) {
    super(registry, 'histogram', about);
  }

  protected create(): DurationSeries {
    return new DurationSeries(this.bounds);
  }

  protected read({ counts, sum }: DurationSeries, labels: Record<string, string>): Value[] {
    const { name } = this.about;
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      const le = String(this.bounds[index] ?? '+Inf');
      return { labels: { ...labels, le }, metricName: `${name}_bucket`, value: total };
    });
    return [
      ...buckets,
      { labels, metricName: `${name}_sum`, value: sum },
      { labels, metricName: `${name}_count`, value: total },
    ];
  }
}
