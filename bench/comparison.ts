import type { DataCounts, Server } from './against.js';
import type { Case } from './cases.js';
import type { Child } from './child.js';
import type { Sample } from './closed-loop.js';
import type { LoadCalls } from './load-process.js';
import type { Table } from './report.js';
import { joined, median, percentile } from './statistics.js';

/** The figures of one server. */
interface Rates {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** A case over one number of connections, on both servers. */
export interface Comparison {
  readonly name: string;
  readonly connections: number;
  readonly here: Rates;
  readonly other: Rates;
  /** This program's rate as a multiple of the other server's, over the rounds: the lowest, the median and the highest. */
  readonly times: { readonly least: number; readonly median: number; readonly most: number };
}

export interface ComparisonPlan {
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

const UNWATCHED = { node: null, postmaster: null };
/** Until hot code has been compiled, and every connection has cached the tables. */
const MOST_WARM_UP_SECONDS = 0.7;

/**
 * Measures the cases that both servers have, with one load generator, alternately in every round; the one that begins
 * is the other one in the next round.
 */
export async function compare(
  load: Child<LoadCalls>,
  here: Server,
  other: Server,
  plan: ComparisonPlan,
): Promise<Comparison[]> {
  const { connections, rounds, seconds, say } = plan;
  const run = ({ port, address }: Server, { requests, status }: Case, connections: number, seconds: number) =>
    load.call('load', { port, address, requests, status, connections, seconds, watched: UNWATCHED });
  const compared = here.cases.flatMap((ours) => {
    const theirs = other.cases.find(({ name }) => name === ours.name);
    return theirs ? [{ ours, theirs }] : [];
  });
  const found: Comparison[] = [];
  for (const writes of [false, true]) {
    const both = compared.filter(({ ours }) => ours.writes === writes);
    for (const { ours, theirs } of both) {
      say(`warming up: ${ours.name}`);
      const most = Math.max(...connections);
      await run(here, ours, most, Math.min(seconds, MOST_WARM_UP_SECONDS));
      await run(other, theirs, most, Math.min(seconds, MOST_WARM_UP_SECONDS));
    }
    const cells = both.flatMap((pair) =>
      connections.map((count) => ({ ...pair, count, rounds: [] as Pair[] })),
    );
    for (let round = 1; round <= rounds; round++) {
      for (const { ours, theirs, count, rounds: done } of cells) {
        const measureHere = () => run(here, ours, count, seconds);
        const measureOther = () => run(other, theirs, count, seconds);
        const pair = await inTurn(measureHere, measureOther, round % 2 === 0);
        done.push(pair);
        const rates = [pair.here, pair.other].map(({ perSecond }) => perSecond.toFixed(0));
        say(
          `round ${round} of ${rounds}: ${ours.name}, ${count} connections: ${rates.join(' a second, the other ')}`,
        );
      }
    }
    found.push(...cells.map(({ ours, count, rounds }) => comparisonOf(ours.name, count, rounds)));
  }
  return found;
}

interface Pair {
  readonly here: Sample;
  readonly other: Sample;
}

async function inTurn(
  here: () => Promise<Sample>,
  other: () => Promise<Sample>,
  otherFirst: boolean,
): Promise<Pair> {
  if (!otherFirst) return { here: await here(), other: await other() };
  const first = await other();
  return { here: await here(), other: first };
}

function comparisonOf(name: string, connections: number, pairs: readonly Pair[]): Comparison {
  const times = pairs.map(({ here, other }) => here.perSecond / other.perSecond);
  return {
    name,
    connections,
    here: ratesOf(pairs.map(({ here }) => here)),
    other: ratesOf(pairs.map(({ other }) => other)),
    times: { least: Math.min(...times), median: median(times), most: Math.max(...times) },
  };
}

function ratesOf(samples: readonly Sample[]): Rates {
  const latencies = joined(samples.map((sample) => sample.latencies));
  return {
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

/** Returns the comparison as a table. @param origin the other server's address */
export function comparisonTable(comparisons: readonly Comparison[], origin: string): Table {
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  const rates = ({ perSecond, p50, p99 }: Rates) => [whole(perSecond), p50.toFixed(2), p99.toFixed(2)];
  return {
    title: `Against ${origin}: requests/s, p50 and p99 in ms, and how many times as many requests in a round`,
    head: [
      ...['', 'connections', 'here', 'p50', 'p99', 'there', 'p50', 'p99'],
      ...['least', 'median', 'most'].map((which) => `times: ${which}`),
    ],
    rows: comparisons.map(({ name, connections, here, other, times }) => [
      name,
      String(connections),
      ...rates(here),
      ...rates(other),
      ...[times.least, times.median, times.most].map((value) => value.toFixed(value < 10 ? 2 : 1)),
    ]),
  };
}

/** Describes the data of both servers in one line. */
export function dataLine(here: DataCounts, other: DataCounts): string {
  const line = ({ clients, tasks, found }: DataCounts) =>
    `${clients.toLocaleString('en')} clients, ${tasks.toLocaleString('en')} tasks, a search that finds ${found}`;
  return `Data here: ${line(here)}; there: ${line(other)}.`;
}
