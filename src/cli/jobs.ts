import { Argument, type Command } from 'commander';
import { JOBS } from '../app/jobs.js';
import type { Database } from '../database/database.js';
import type { Job, JobResult } from '../jobs/job.js';
import { type JobState, jobStates } from '../jobs/job-runs.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import {
  atEachCell,
  type CellResult,
  type CellResults,
  databasesOf,
  requireAllCells,
  withCellColumn,
} from './each-cell.js';
import { formatTable } from './table.js';
import { withTables } from './with-tables.js';

interface RunOptions {
  readonly tenant?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `leopard jobs list|run`: shows the scheduled jobs, and runs them now. */
export function addJobsCommand(program: Command, context: CliContext): void {
  const jobs = program.command('jobs').description('show and run the scheduled jobs');
  jobs
    .command('list')
    .description('list the jobs with their last and next runs')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withTables(context, async ({ database }) => {
        const all = await atEachCell(databasesOf(database), jobStates);
        const shown = all.found.flatMap(({ cell, result }) => JOBS.map((job) => toJson(job, cell, result)));
        context.show(json, shown, () => lines(database, all.found));
        requireAllCells(all);
      }),
    );
  const names = JOBS.map(({ name }) => name);
  addOptions(
    jobs
      .command('run')
      .description('run one job now')
      .addArgument(new Argument('<job>', 'which one').choices(names)),
  ).action((name: string, options: RunOptions) => run(context, name, options));
}

/** Adds `leopard process_reminders`: the name that operators' scripts know. */
export function addProcessRemindersCommand(program: Command, context: CliContext): void {
  addOptions(
    program.command('process_reminders').description('notify of due reminders, as jobs run reminders does'),
  ).action((options: RunOptions) => run(context, 'reminders', options));
}

function addOptions(command: Command): Command {
  return command
    .option('--tenant <tenant>', 'only this one: short name or schema')
    .option('--dry-run', 'change nothing, and report what would be done')
    .option('--json', 'print JSON');
}

async function run(context: CliContext, name: string, options: RunOptions): Promise<void> {
  const { tenant, dryRun = false, json } = options;
  const settings = context.config();
  const job = JOBS.find((candidate) => candidate.name === name) as Job;
  await withTables(context, async ({ database }) => {
    const schema = tenant === undefined ? null : await servableTenant(database, tenant);
    const { signal } = new AbortController();
    const how = { settings, schema, everywhere: true, dryRun, moment: null, signal };
    const { result, cells } = await runIn(job, databasesFor(database, schema), how);
    const tenants = result.tenants.map(({ schema: of, done }) => ({ tenant: shortName(of), done }));
    context.show(json, { job: name, dry_run: dryRun, ...result, tenants }, () =>
      report(name, dryRun, result),
    );
    for (const { schema: of, error } of result.failures) context.warn(`${shortName(of)}: ${error}`);
    const failed = result.failures.length;
    for (const problem of failed > 0 ? cells.problems : []) context.warn(problem);
    if (failed > 0) throw new CliError(`it failed at ${failed} tenant${failed > 1 ? 's' : ''}`);
    requireAllCells(cells);
  });
}

function report(name: string, dryRun: boolean, { done, tenants }: JobResult): string[] {
  const details = tenants.map(({ schema, done: count }) => `  ${shortName(schema)}: ${count}`);
  return [`${name}: ${dryRun ? `${done} to do; nothing was changed` : `${done} done`}`, ...details];
}

function toJson({ name, summary, every }: Job, cell: string, states: readonly JobState[]) {
  const state = states.find(({ job }) => job === name);
  return {
    job: name,
    cell,
    summary,
    every_seconds: every,
    running: state?.running ?? false,
    next_at: state?.nextAt ?? null,
    last_started_at: state?.lastStartedAt ?? null,
    last_finished_at: state?.lastFinishedAt ?? null,
    last_done: state?.lastDone ?? null,
    last_error: state?.lastError ?? null,
  };
}

function lines(database: Database, found: readonly CellResult<readonly JobState[]>[]): string[] {
  const rows = found.flatMap(({ cell, result: states }) =>
    JOBS.map(({ name, summary, every }) => {
      const state = states.find(({ job }) => job === name);
      const next = state?.running ? 'running' : (state?.nextAt ?? 'never yet');
      const row = [
        name,
        duration(every),
        state?.lastFinishedAt ?? '-',
        next,
        state?.lastError ?? '-',
        summary,
      ];
      return database.cells ? [cell, ...row] : row;
    }),
  );
  return formatTable(
    withCellColumn(database, ['JOB', 'EVERY', 'LAST RUN', 'NEXT', 'LAST ERROR', 'DOES']),
    rows,
  );
}

function duration(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** Returns the databases on whose tenants a job runs: that of the one tenant, or of all cells. */
function databasesFor(database: Database, schema: string | null): ReturnType<typeof databasesOf> {
  if (schema === null) return databasesOf(database);
  return [{ name: null, place: database.cells?.ofTenant(schema) ?? database }];
}

/** Runs a job in one database after the other. @returns the sum, and the cells that it could not be run in */
async function runIn(
  job: Job,
  databases: ReturnType<typeof databasesOf>,
  how: Omit<Parameters<Job['run']>[0], 'database'>,
): Promise<{ readonly result: JobResult; readonly cells: CellResults<JobResult> }> {
  const cells = await atEachCell(databases, (database) => job.run({ ...how, database }));
  const results = cells.found.map(({ result }) => result);
  return {
    cells,
    result: {
      done: results.reduce((sum, { done }) => sum + done, 0),
      tenants: results.flatMap(({ tenants }) => tenants),
      failures: results.flatMap(({ failures }) => failures),
    },
  };
}

/** Returns the schema of a tenant. @throws CliError for a tenant whose work waits, since its schema is out of order */
async function servableTenant(database: Database, tenant: string): Promise<string> {
  const { schema, trouble } = await findTenant(database, tenant);
  if (trouble !== null) throw new CliError(`${schema} is not in order: ${trouble}; see: leopard doctor`);
  return schema;
}
