import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figures } from './measure.js';
import type { Memory, StartTimes } from './single-figures.js';
import type { Surroundings } from './surroundings.js';

/** The conditions of figures. */
export interface Conditions {
  readonly surroundings: Surroundings;
  readonly rounds: number;
  readonly seconds: number;
  /** Maximum number of the program's database connections. */
  readonly poolSize: number;
}

/** The results of one run; `--json` writes it as it is. Omitted parts are null. */
export interface Report extends Conditions {
  readonly cases: readonly Figures[];
  readonly start: StartTimes | null;
  /** Milliseconds. */
  readonly provisioning: number | null;
  readonly logIn: number | null;
  readonly memoryAfterStart: Memory;
  readonly memoryAfterLoad: Memory;
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const NONE = '–';

/** Returns the report as tables for people. */
export function tables(report: Report): Table[] {
  const { cases } = report;
  const found = [{ title: 'Once', head: ['', 'measured'], rows: single(report) }];
  if (cases.length === 0) return found;
  return [
    {
      title: 'Requests',
      head: [
        '',
        'connections',
        'requests/s',
        'p50 ms',
        'p99 ms',
        'ceiling/s',
        'of it',
        'bare route/s',
        'of it',
      ],
      rows: cases.map((figures) => [
        figures.what,
        String(figures.connections),
        count(figures.perSecond),
        milliseconds(figures.p50),
        milliseconds(figures.p99),
        count(figures.ceilingPerSecond),
        decimals(figures.ratio, 2),
        count(figures.barePerSecond),
        decimals(figures.bareRatio, 2),
      ]),
    },
    {
      title: 'Processor time for one request, in ms',
      head: [
        ...['', 'connections', 'node', 'PostgreSQL', 'ceiling: node', 'PostgreSQL', 'of it'],
        ...['bare route: node', 'sender'],
      ],
      rows: cases.map(({ what, connections, cpu, ceilingCpu, cpuRatio, bareCpu, loadCpu }) => [
        what,
        String(connections),
        ...[cpu.node, cpu.postgres, ceilingCpu.node, ceilingCpu.postgres].map((time) => decimals(time, 3)),
        decimals(cpuRatio, 2),
        decimals(bareCpu, 3),
        decimals(loadCpu, 3),
      ]),
    },
    ...found,
  ].filter(({ rows }) => rows.length > 0);
}

function single(report: Report): string[][] {
  const { start, provisioning, logIn, memoryAfterStart: rest, memoryAfterLoad: loaded } = report;
  return [
    ...(start
      ? [
          ['first start, in an empty folder', seconds(start.first)],
          ['later start', seconds(start.later)],
        ]
      : []),
    ...(provisioning === null ? [] : [['creating a tenant', `${decimals(provisioning, 0)} ms`]]),
    ...(logIn === null ? [] : [['one log-in', `${decimals(logIn, 1)} ms`]]),
    ['memory of the Node process at rest', megabytes(rest.node)],
    ['the same after the load', megabytes(loaded.node)],
    ['memory of PostgreSQL at rest', megabytes(rest.postgres)],
    ['the same after the load', megabytes(loaded.postgres)],
  ];
}

/** Describes place and time, in a few lines. */
export function circumstances({ surroundings: on, rounds, seconds: each, poolSize }: Conditions): string[] {
  return [
    ...machine(on),
    `Medians of ${rounds} interleaved rounds of ${each} s; ${poolSize} database connections at most.`,
  ];
}

export function machine(on: Surroundings): string[] {
  return [
    `${on.date}, Leopard ${on.version}, Node ${on.node}, PostgreSQL ${on.postgres}, ${on.system}.`,
    `${on.processors}, ${megabytes(on.memory)}; a durable write of 8 kB takes ${decimals(on.durableWrite, 2)} ms; load average before: ${decimals(on.loadAverage, 2)}.`,
  ];
}

/** Formats a table in columns of equal width, names left-aligned and numbers right-aligned. */
export function asText({ title, head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [title, ...all.map(line)].join('\n');
}

export function asMarkdown({ title, head, rows }: Table): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [`### ${title}`, '', line(head), line(rule), ...rows.map(line)].join('\n');
}

/**
 * Writes the text into the file: between the marks of that name, or as a new file.
 * @throws Error for a file without such marks, which would be lost
 */
export function writeMarkdown(
  file: string,
  name:
    | 'figures'
    | 'decisions'
    | 'against'
    | 'events'
    | 'search'
    | 'dashboards'
    | 'tenants'
    | 'growth'
    | 'writes'
    | 'writes-variants'
    | 'answers'
    | 'profiles',
  text: string,
): void {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  const found = from >= 0 && to > from;
  if (old !== '' && !found) throw new Error(`${file} has no ${begin} with its end; nothing was written`);
  const [before, after] = found ? [old.slice(0, from), old.slice(to + end.length)] : ['', '\n'];
  writeFileSync(file, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

function decimals(value: number | null, digits: number): string {
  return value === null || Number.isNaN(value) ? NONE : value.toFixed(digits);
}

function milliseconds(value: number): string {
  return decimals(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function seconds(value: number): string {
  return `${decimals(value / 1000, 1)} s`;
}

function megabytes(bytes: number | null): string {
  return bytes === null ? NONE : `${count(bytes / 1024 ** 2)} MiB`;
}
