import { oneLine } from '../platform/one-line.js';
import { shortName } from '../tenancy/tenant-name.js';
import { formatTable } from './table.js';
import type { Look } from './top-look.js';

/** Longest names from outside, in characters: of applications, tables, agencies, processes. */
const NAME = 24;
/** Maximum number of lines of one kind. */
const MOST = 8;

/** Returns what is shown of a look, in lines of at most 80 characters where names are not cut off by `width`. */
export function linesOf({ processes, database, databaseProblem }: Look, width: number): string[] {
  const tenants = processes.flatMap(({ figures }) => figures?.tenants ?? []);
  const byTenant = new Map<string, { requests: number; busy: number }>();
  for (const { tenant, requests, busy } of tenants) {
    const sum = byTenant.get(tenant) ?? { requests: 0, busy: 0 };
    byTenant.set(tenant, { requests: sum.requests + requests, busy: sum.busy + busy });
  }
  const slowest = [...byTenant].toSorted(([, one], [, other]) => other.busy - one.busy).slice(0, MOST);
  const lines = [
    ...formatTable(
      ['PROCESS', 'REQ/S', 'P50', 'P99 MS', '5XX/S', 'STREAMS', 'CONN', 'WAIT', 'LAG', 'CPU', 'MB'],
      processes.flatMap(({ address, figures }) =>
        figures
          ? [
              [
                cut(address),
                rate(figures.requests),
                duration(figures.p50),
                duration(figures.p99),
                rate(figures.failed),
                String(figures.streams),
                String(figures.connections.open),
                String(figures.connections.waiting),
                String(Math.round(figures.lag)),
                `${Math.round(100 * figures.processor)}%`,
                String(Math.round(figures.memory / 1024 / 1024)),
              ],
            ]
          : [],
      ),
    ),
    ...processes.flatMap(({ address, problem }) =>
      problem === null ? [] : [`${cut(address)}  ${cut(problem, 50)}`],
    ),
    ...section(
      ['AGENCY', 'REQ/S', 'BUSY (seconds of requests per second)'],
      slowest.map(([tenant, { requests, busy }]) => [cut(shown(tenant)), rate(requests), busy.toFixed(2)]),
    ),
  ];
  if (!database)
    return [...lines, '', `DATABASE: ${databaseProblem ?? ''}`].map((line) => shortened(line, width));
  return [
    ...lines,
    ...database.missing.map((cell) => `CELL ${cut(cell)} does not answer`),
    ...section(
      ['WAITING', 'EVENTS', 'OLDEST', 'DELIVERIES'],
      database.waiting
        .slice(0, MOST)
        .map(({ tenant, events, oldest, deliveries }) => [
          cut(shown(tenant)),
          String(events),
          seconds(oldest),
          String(deliveries),
        ]),
    ),
    ...section(
      ['LOCK WAITED FOR BY', 'FOR', 'HELD BY', 'TABLE'],
      database.locks
        .slice(0, MOST)
        .map(({ pid, application, seconds: time, blockedBy, table }) => [
          `${pid} ${cut(application, 12)}`,
          seconds(time),
          blockedBy.slice(0, 3).join(' '),
          cut(table ?? '-', 40),
        ]),
    ),
    ...section(
      ['TRANSACTION', 'OPEN FOR', 'USER', 'APPLICATION', 'STATE'],
      database.transactions
        .slice(0, MOST)
        .map(({ pid, user, application, seconds: time, state }) => [
          String(pid ?? 'prepared'),
          seconds(time),
          cut(user, 16),
          cut(application, 16),
          state ?? '?',
        ]),
    ),
  ].map((line) => shortened(line, width));
}

const section = (headings: readonly string[], rows: readonly (readonly string[])[]) =>
  rows.length === 0 ? [] : ['', ...formatTable(headings, rows)];
const shown = (tenant: string) => (tenant.startsWith('tenant_') ? shortName(tenant) : tenant);
const rate = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
const seconds = (value: number | null) => (value === null ? '-' : `${Math.round(value)}s`);

function duration(milliseconds: number | null): string {
  if (milliseconds === null) return '-';
  return Number.isFinite(milliseconds) ? `<${milliseconds}` : '>10000';
}

/** Returns a text of somebody else's as one that is safe at a terminal. */
function cut(text: string, longest = NAME): string {
  return oneLine(text, longest);
}

function shortened(line: string, width: number): string {
  return [...line].slice(0, width).join('');
}
