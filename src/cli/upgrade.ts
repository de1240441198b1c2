import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CHANGED_SETTINGS, changesThatConcern } from '../config/changed-settings.js';
import { type Config, ConfigError, readEnvFile } from '../config/config.js';
import { knownSettings, unknownSettings } from '../config/unknown-settings.js';
import type { DatabaseHandle } from '../database/connections.js';
import { findBinaries } from '../database/embedded/binaries.js';
import { EMBEDDED_MAJOR, isServed, readDataVersion } from '../database/embedded/data-version.js';
import { readInstance } from '../database/embedded/instance-file.js';
import { layoutOf } from '../database/embedded/layout.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { PlainError } from '../platform/plain-error.js';
import { planUpgrade, reasonsToStopOlder, type UpgradePlan } from '../schema/upgrade/upgrade-plan.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { atEachCell, handlesOf, requireAllCells } from './each-cell.js';
import { asTyped } from './invocation.js';
import { type CellPlan, type UpgradedDatabase, type UpgradeReport, upgradeLines } from './upgrade-report.js';
import { withDatabase } from './with-database.js';

/** The exit code of a check that found work to do. */
const WORK_EXIT_CODE = 3;
const INSUFFICIENT_PRIVILEGE = '42501';

/** Adds `leopard upgrade --check`. */
export function addUpgradeCommand(program: Command, context: CliContext): void {
  program
    .command('upgrade')
    .description('say what starting this version on all cells will do: migrations, locks, settings')
    .option('--check', 'find it out; changes nothing (required)')
    .option('--json', 'print JSON')
    .action(async ({ check, json }: { check?: boolean; json?: boolean }) => {
      if (!check)
        throw new UsageError(
          'an upgrade is carried out by starting the new version, or by leopard migrate; to see beforehand what it will do, add --check',
        );
      const report = await checkUpgrade(context);
      context.show(json, report, () => upgradeLines(report).map((line) => asTyped(line, context.invocation)));
      if (report.verdict === 'blocked') throw new CliError('this version cannot be started as things are');
      requireAllCells({ problems: report.left_out });
      if (report.verdict === 'work') throw new CliError('there is work to do', WORK_EXIT_CODE);
    });
}

async function checkUpgrade(context: CliContext): Promise<UpgradeReport> {
  const file = readEnvFile(join(process.cwd(), '.env'));
  const settings = {
    changed: changesThatConcern({ ...file, ...context.environment }),
    unknown: unknownSettings({ environment: context.environment, file }, knownSettings()).filter(
      ({ name }) => !CHANGED_SETTINGS.some((changed) => changed.name === name),
    ),
  };
  const blocked: string[] = [];
  let looked: Looked = { database: null, plan: null, cells: [], leftOut: [] };
  try {
    const config = context.config();
    looked = await look(context, config);
  } catch (error) {
    if (error instanceof ConfigError) blocked.push(...error.problems);
    else if (error instanceof PlainError) blocked.push(error.message);
    else throw error;
  }
  const { database, plan, cells, leftOut } = looked;
  const plans = [...(plan ? [plan] : []), ...cells.map((cell) => cell.plan)];
  const because = [...new Set(plans.flatMap(reasonsToStopOlder))];
  if (database?.step === 'major')
    because.push('a server of the old major version does not start on the new data');
  const hasWork =
    plans.some(({ steps, captures }) => steps.length + captures > 0) ||
    settings.changed.length > 0 ||
    (database !== null && database.step !== 'none');
  return {
    verdict: blocked.length > 0 ? 'blocked' : hasWork ? 'work' : 'nothing',
    version: JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version,
    blocked,
    database,
    plan,
    cells,
    left_out: leftOut,
    older_processes: { may_go_on: because.length === 0, because },
    settings,
    disk: { needed: plan ? neededSpace(plan) : 0, free: looked.free ?? null },
    seconds: plan ? secondsOf(plan) : 0,
  };
}

const secondsOf = ({ steps }: UpgradePlan) => steps.reduce((sum, { estimate }) => sum + estimate.seconds, 0);

interface Looked extends Plans {
  readonly database: UpgradedDatabase | null;
  /** Free bytes on the embedded database's disk. */
  readonly free?: number;
}

/** The plans for the databases, of which those of further cells that do not answer are left out. */
interface Plans {
  /** Of the database with the catalogue. */
  readonly plan: UpgradePlan | null;
  readonly cells: readonly CellPlan[];
  /** Why there is no plan for a cell, in one line each. */
  readonly leftOut: readonly string[];
}

async function look(context: CliContext, { database: settings }: Config): Promise<Looked> {
  if (settings.kind === 'server') {
    return await withDatabase(context, async (handle) => {
      const { server, ...plans } = await plansFor(handle);
      return { database: { kind: 'server', server, step: 'none', text: '' }, ...plans };
    });
  }
  const { directory } = settings;
  const kind = 'embedded';
  const data = existsSync(directory) ? readDataVersion(directory) : null;
  if (!data) {
    const text = `there is none yet in ${directory}; a start creates it`;
    return { database: { kind, server: null, step: 'created', text }, ...NOT_ASKED };
  }
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const major: UpgradedDatabase = {
    kind,
    server: null,
    step: 'major',
    text: `its data in ${directory} are PostgreSQL ${data.major}'s, this version brings ${EMBEDDED_MAJOR}; stop the program and run: leopard database upgrade`,
  };
  const isRunning = readInstance(layoutOf(directory).instance)?.server;
  if (!isServed(data) && !isRunning) return { database: major, ...NOT_ASKED, free };
  return await withDatabase(context, async (handle) => {
    const { server, ...plans } = await plansFor(handle);
    if (!isServed(data)) return { database: { ...major, server }, ...plans, free };
    const brought = binariesVersion();
    const isSame = brought === server;
    const text = isSame
      ? ''
      : `a restart replaces PostgreSQL ${server} by ${brought}; its data stay as they are`;
    return { database: { kind, server, step: isSame ? 'none' : 'restart', text }, ...plans, free };
  });
}

/** The plans where no server of the catalogue runs: a cell's database is of no use alone. */
const NOT_ASKED: Plans = { plan: null, cells: [], leftOut: [] };

async function plansFor(catalogue: DatabaseHandle): Promise<Plans & { readonly server: string }> {
  const { found, problems } = await atEachCell(handlesOf(catalogue), (place, name) =>
    withOwner(place.owner ?? place.app, async (client) => {
      const server = await serverVersion(client);
      const plan = await planFor(client, place, name);
      return { server, plan, seconds: secondsOf(plan), disk: { needed: neededSpace(plan), free: null } };
    }),
  );
  const [main, ...further] = found;
  const { server, plan } = main!.result;
  const cells = further.map(({ cell, result }) => ({ cell, ...result }));
  return { server, plan, cells, leftOut: problems };
}

/** Plans with a trial of the migrations where the role may create schemas and roles. */
async function planFor(
  client: OwnerClient,
  { app, owner }: DatabaseHandle,
  cell: string | null,
): Promise<UpgradePlan> {
  const without = (untried: string) => planUpgrade(client, app.user, { untried });
  if (!owner)
    return await without(
      cell === null
        ? 'the owner of the tables can try them: set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL)'
        : `the owner of the tables can try them: set owner_url of the cell ${cell} (LEOPARD_CELLS)`,
    );
  return await planUpgrade(client, app.user).catch((error: Error & { code?: string }) => {
    if (error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    return without(`the owner may not create schemas and roles (${error.message})`);
  });
}

async function serverVersion(client: OwnerClient): Promise<string> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT current_setting('server_version') AS version",
  );
  return rows[0]!.version.split(' ')[0]!;
}

function binariesVersion(): string {
  const said = execFileSync(findBinaries().postgres, ['--version'], { encoding: 'utf8' });
  return /\d+(?:\.\d+|[a-z]+\d+)?/.exec(said)?.[0] ?? said.trim();
}

/** Returns the bytes that the migrations may write at most: new files, old ones kept until their end, and the log. */
function neededSpace({ steps }: UpgradePlan): number {
  const sum = (of: (step: UpgradePlan['steps'][number]) => number) =>
    steps.reduce((total, step) => total + of(step), 0);
  const largest = Math.max(0, ...steps.map(({ estimate }) => estimate.temporary));
  return Math.ceil(sum(({ estimate }) => estimate.stays + estimate.log) + largest);
}
