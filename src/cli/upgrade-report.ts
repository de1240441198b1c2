import type { UnknownSetting } from '../config/unknown-settings.js';
import { CAPTURE_STEP } from '../schema/upgrade/trial.js';
import type { PlannedStep, UpgradePlan } from '../schema/upgrade/upgrade-plan.js';

/** The result of `leopard upgrade --check`; the same in JSON. */
export interface UpgradeReport {
  /** `blocked`: this version cannot work with the settings or the database as they are. */
  readonly verdict: 'nothing' | 'work' | 'blocked';
  readonly version: string;
  /** Obstacles to the upgrade, each with what to do. */
  readonly blocked: readonly string[];
  readonly database: UpgradedDatabase | null;
  /** Null where it could not be found out. */
  readonly plan: UpgradePlan | null;
  /** The same of each further cell that could be asked. */
  readonly cells: readonly CellPlan[];
  /** Why nothing is known of a cell, in one line each. */
  readonly left_out: readonly string[];
  /** In all cells. */
  readonly older_processes: { readonly may_go_on: boolean; readonly because: readonly string[] };
  readonly settings: { readonly changed: readonly string[]; readonly unknown: readonly UnknownSetting[] };
  /** Bytes that may be written to the database's disk, and those free there; null if it is another machine's. */
  readonly disk: { readonly needed: number; readonly free: number | null };
  /** Estimated duration of the migrations. */
  readonly seconds: number;
}

/** The plan for the database of a further cell. */
export interface CellPlan {
  readonly cell: string;
  /** The running server's version. */
  readonly server: string;
  readonly plan: UpgradePlan;
  readonly seconds: number;
  /** Bytes that may be written to its disk; what is free on another machine is not known. */
  readonly disk: { readonly needed: number; readonly free: null };
}

/** The server before and after the upgrade. */
export interface UpgradedDatabase {
  readonly kind: 'embedded' | 'server';
  /** The running server's version, such as 18.4; null if none could be asked. */
  readonly server: string | null;
  /** Effect on the server: none, a new one is made, a restart brings other binaries, or its data must be moved. */
  readonly step: 'none' | 'created' | 'restart' | 'major';
  /** In words, for other steps than `none`. */
  readonly text: string;
}

/** Returns the report in lines for people. */
export function upgradeLines(report: UpgradeReport): string[] {
  const { plan, database, blocked, settings } = report;
  return [
    ...blocked.map((text) => `blocked: ${text}`),
    ...(database && database.step !== 'none' ? [`database: ${database.text}`] : []),
    ...(plan ? planLines(plan, report) : []),
    ...report.cells.flatMap((cell) => cellLines(cell, report)),
    ...settings.changed.map((text) => `setting: ${text}`),
    ...settings.unknown.map(
      ({ name, near }) => `setting: ${name} is read by nothing${near ? `; ${near} is meant?` : ''}`,
    ),
    ...(report.verdict === 'nothing'
      ? [
          `nothing to do${report.left_out.length > 0 ? ' in the cells that answered' : ''}: version ${report.version} starts on this database as it is`,
        ]
      : []),
  ];
}

function cellLines({ cell, plan, ...measured }: CellPlan, { older_processes }: UpgradeReport): string[] {
  const lines = planLines(plan, { older_processes, ...measured });
  return lines.length > 0 ? [`cell ${cell}:`, ...lines.map((line) => `  ${line}`)] : [];
}

function planLines(
  plan: UpgradePlan,
  { older_processes: older, seconds, disk }: Pick<UpgradeReport, 'older_processes' | 'seconds' | 'disk'>,
): string[] {
  const newer = plan.newer
    ? [
        `migrations: a newer version has applied ${plan.newer.count} more, the last is ${plan.newer.last}; this one goes on, since they only add`,
      ]
    : [];
  if (plan.steps.length === 0 && plan.captures === 0) return newer;
  const ofPublic = plan.steps.filter(({ scope }) => scope === 'public').length;
  const behind = plan.steps.filter(({ scope }) => scope === 'tenants');
  const names = new Set(behind.map(({ name }) => name).filter((name) => name !== CAPTURE_STEP));
  const totals = [
    ofPublic > 0 && `${ofPublic} of public`,
    names.size > 0 && `${names.size} of tenants (${plan.tenants} in all)`,
  ].filter(Boolean);
  return [
    ...newer,
    ...(totals.length > 0 ? [`migrations: ${totals.join(', ')}; ${duration(seconds)}, estimated`] : []),
    ...plan.steps.flatMap(stepLines),
    ...(plan.captures > 0
      ? [`capture of events: renewed at ${plan.captures} of ${plan.tenants} tenants`]
      : []),
    ...(plan.untried ? [`locks and times are not known: ${plan.untried}`] : []),
    older.may_go_on
      ? 'older processes: can go on beside this version, and be started again'
      : 'older processes: stop them first',
    ...older.because.map((text) => `  ${text}`),
    ...(disk.needed > 0
      ? [
          `disk: up to ${amount(disk.needed)} more${disk.free === null ? ' on the database server' : `, ${amount(disk.free)} are free`}`,
        ]
      : []),
  ];
}

function stepLines({ scope, name, schemas, tables, estimate }: PlannedStep): string[] {
  const where = scope === 'public' ? 'public' : `${schemas} ${schemas === 1 ? 'tenant' : 'tenants'}`;
  return [
    `  ${name} (${where})`,
    ...tables.map(({ table, lock, waits, work, bytes }) => {
      const done = work && { rewrite: 'is rewritten', index: 'gets an index', scan: 'is read' }[work];
      const parts = [lock && `${lock}: ${waits} wait`, done && `${done}, ${amount(bytes)}`].filter(Boolean);
      return `    ${table}: ${parts.join('; ')}`;
    }),
    ...(tables.some(({ lock }) => lock) ? [`    held for ${duration(estimate.longest)} at the largest`] : []),
  ];
}

function duration(seconds: number): string {
  if (seconds < 0.1) return 'less than 0.1 s';
  if (seconds < 10) return `about ${seconds.toFixed(1)} s`;
  return seconds < 120 ? `about ${Math.ceil(seconds)} s` : `about ${Math.ceil(seconds / 60)} min`;
}

function amount(bytes: number): string {
  if (bytes < 1024 ** 2) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 1024 ** 3
    ? `${(bytes / 1024 ** 2).toFixed(1)} MiB`
    : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
