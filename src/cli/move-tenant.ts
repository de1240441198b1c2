import type { Command } from 'commander';
import { cellLabel } from '../database/cells.js';
import type { MovedTenant, PlannedMove } from '../moving/move.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withSteps } from './operation-progress.js';
import { ownerSettings } from './owner-settings.js';
import { withDatabase } from './with-database.js';

interface MoveOptions {
  readonly to: string;
  readonly longestWait?: number;
  readonly keepOld?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `leopard tenants move`, which moves a tenant to another database server. */
export function addMoveTenantCommand(command: Command, context: CliContext): void {
  command
    .description('move a tenant to another cell while it works; it is closed for a moment at the end')
    .argument('<tenant>', 'short name or schema')
    .requiredOption('--to <cell>', 'the cell: main, or a name of LEOPARD_CELLS')
    .option('--longest-wait <seconds>', 'for how long it may be closed (default: 5)', parseSeconds)
    .option(
      '--keep-old <days>',
      'how long to keep what stays behind, closed; 0: not at all (default: 7)',
      parseDays,
    )
    .option('--dry-run', 'change nothing; say what the move would take')
    .option('--json', 'print JSON')
    .action((tenant: string, options: MoveOptions) => move(context, schemaOf(tenant), options));
}

async function move(context: CliContext, schema: string, options: MoveOptions): Promise<void> {
  const { to, longestWait, keepOld, dryRun = false, json } = options;
  const { moveTenant, planMove } = await import('../moving/move.js');
  await withDatabase(context, async (handle) => {
    const surroundings = { owner: ownerSettings(handle), catalogue: handle };
    if (dryRun) {
      const planned = await planMove(surroundings, { schema, to });
      context.show(json, toJson(schema, planned), () => plannedLines(schema, planned));
      return;
    }
    const moved = await withSteps(context, (steps) =>
      moveTenant(
        surroundings,
        {
          schema,
          to,
          ...(keepOld !== undefined && { keepDays: keepOld }),
          ...(longestWait !== undefined && { longest: longestWait * 1_000 }),
        },
        steps,
      ),
    );
    context.show(json, toJson(schema, moved), () => [
      `${shortName(schema)} moved from ${cellLabel(moved.from)} to ${cellLabel(moved.to)}: ${moved.copied + moved.caughtUp + moved.last} rows; it was closed for ${moved.closedMs} ms`,
      ...(keepOld === 0 ? [] : [`its old copy in ${cellLabel(moved.from)} stays there for a while, closed`]),
    ]);
  });
}

function toJson(schema: string, { from, to, ...rest }: MovedTenant | PlannedMove): object {
  return { tenant: shortName(schema), from: cellLabel(from), to: cellLabel(to), ...snakeCase(rest) };
}

function snakeCase(values: object): object {
  const entries = Object.entries(values).map(([key, value]) => [
    key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(entries);
}

function plannedLines(schema: string, { from, to, tables, rows, bytes, closedMs }: PlannedMove): string[] {
  const megabytes = (bytes / 1024 / 1024).toFixed(1);
  return [
    `${shortName(schema)} can move from ${cellLabel(from)} to ${cellLabel(to)}: ${rows} rows in ${tables} tables, ${megabytes} MB`,
    `it would be closed for about ${(closedMs / 1_000).toFixed(1)} s`,
  ];
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 0.1 || seconds > 600)
    throw new UsageError('--longest-wait takes a number of seconds, from 0.1 to 600');
  return seconds;
}

const MOST_DAYS = 3_650;

function parseDays(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) > MOST_DAYS)
    throw new UsageError(`--keep-old takes a number of days, from 0 to ${MOST_DAYS}`);
  return Number(text);
}
