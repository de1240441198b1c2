import type { Command } from 'commander';
import { diagnoseBackups } from '../backup/diagnosis.js';
import { type Config, ConfigError } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import type { Finding } from '../database/finding.js';
import { withConnection } from '../database/reachability.js';
import { diagnoseReplicas } from '../database/replica-diagnosis.js';
import { PlainError } from '../platform/plain-error.js';
import { diagnose } from '../schema/diagnosis.js';
import { diagnoseRetention } from '../schema/log-retention.js';
import { freeSpace } from '../storage/free-space.js';
import { checkMediaDirectory } from '../storage/media-store.js';
import { diagnoseTenants } from '../tenancy/diagnosis.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { asTyped } from './invocation.js';
import { formatTable } from './table.js';
import { withDatabase } from './with-database.js';
import { writtenFolders } from './written-folders.js';

interface DoctorOptions {
  readonly json?: boolean;
  readonly production?: boolean;
}

/** A finding, also of the checklist for production, whose checks cannot tell everything from here. */
type AnyFinding = Omit<Finding, 'status'> & { readonly status: Finding['status'] | 'unknown' };

/** Adds `leopard doctor`, which checks settings and database. */
export function addDoctorCommand(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description(
      'check the settings, the folder of files, the database server, its roles and the state of the tables',
    )
    .option('--production', 'also check what people need to work with it: docs/production-checklist.md')
    .option('--json', 'print JSON')
    .action((options: DoctorOptions) => examine(context, options));
}

async function examine(
  context: CliContext,
  { json = false, production = false }: DoctorOptions,
): Promise<void> {
  const found = production ? await gravestOf(context) : await lookAround(context, false);
  const findings = found.map((finding) => ({
    ...finding,
    text: asTyped(finding.text, context.invocation),
  }));
  const problems = findings.filter(({ status }) => status === 'problem').length;
  context.show(json, { ok: problems === 0, checks: findings }, () => {
    const rows = findings.map(({ check, status, text }) => [check, status, text]);
    return formatTable(['CHECK', 'STATUS', 'FINDING'], rows);
  });
  if (problems > 0) throw new CliError(`${problems} ${problems === 1 ? 'check' : 'checks'} found a problem`);
}

/** Collects findings for production, the gravest first. */
async function gravestOf(context: CliContext): Promise<AnyFinding[]> {
  const { gravestFirst } = await import('../production/run-checks.js');
  return gravestFirst(await lookAround(context, true), ({ status }) => status);
}

const STATUS = { ok: 'ok', low: 'warning', full: 'problem' } as const;

/** Collects findings; what prevents later checks is the last one. */
async function lookAround(context: CliContext, production: boolean): Promise<AnyFinding[]> {
  let config: Config;
  try {
    config = context.config();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((text) => ({ check: 'settings', status: 'problem', text }));
  }
  const more = (database: DatabaseHandle | null) => (production ? checklist(context, config, database) : []);
  const before: Finding[] = [
    { check: 'settings', status: 'ok', text: 'can be read' },
    mediaDirectory(config),
    ...freeSpace(writtenFolders(config)).map(({ level, text }) => ({
      check: 'disk',
      status: STATUS[level],
      text,
    })),
  ];
  try {
    const findings = await withDatabase(context, async (handle) => [
      ...(await diagnose(handle)),
      ...(await diagnoseTenants(handle, config)),
      ...(await (await import('../provisioning/diagnosis.js')).diagnoseLives(handle)),
      ...(handle.cells ? await (await import('./diagnose-cells.js')).diagnoseCells(handle, config) : []),
      await diagnoseRetention(handle.app, config),
      ...(await diagnoseReplicas(handle, config.replicas.mostLag)),
      ...(await more(handle)),
      ...(await diagnoseBackups(handle, config)),
    ]);
    return [...before, { check: 'connection', status: 'ok', text: 'the database answers' }, ...findings];
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    const away: Finding = { check: 'connection', status: 'problem', text: error.message };
    return [...before, away, ...(await more(null))];
  }
}

/** Runs the checklist for production. @param database null where it does not answer */
async function checklist(
  { environment }: CliContext,
  config: Config,
  database: DatabaseHandle | null,
): Promise<AnyFinding[]> {
  const { runChecks } = await import('../production/run-checks.js');
  const { CHECKS, CHECKS_OF_CELLS } = await import('../production/checks/all-checks.js');
  const lines = await runChecks(CHECKS, { config, database, environment, directory: process.cwd() });
  for (const { name, handle } of database?.cells ?? []) {
    if (!(await answers(handle))) continue; // which `diagnoseCells` tells in one line
    const around = { config, database: handle, environment, directory: process.cwd() };
    for (const line of await runChecks(CHECKS_OF_CELLS, around))
      lines.push({ ...line, check: `${name}: ${line.check}` });
  }
  return lines.map((line) => ({
    check: line.check,
    status: line.level,
    text: line.level === 'ok' ? line.text : `${line.text}; ${line.mend}`,
  }));
}

async function answers({ app }: DatabaseHandle): Promise<boolean> {
  return await withConnection(app, (client) => client.query('SELECT 1')).then(
    () => true,
    () => false,
  );
}

function mediaDirectory(config: Config): Finding {
  const check = 'media';
  if (!config.services.has('api'))
    return { check, status: 'ok', text: 'not used: no api here (LEOPARD_SERVICES)' };
  try {
    checkMediaDirectory(config);
    return { check, status: 'ok', text: `uploaded files can be stored in ${config.mediaDirectory}` };
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    return { check, status: 'problem', text: error.message };
  }
}
