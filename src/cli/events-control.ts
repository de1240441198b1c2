import { type Command, Option } from 'commander';
import type { Database } from '../database/database.js';
import { HANDLERS } from '../events/handlers/registry.js';
import { type PauseOf, pauseEvents, resumeEvents } from '../events/operations/control.js';
import { deleteOldEvents } from '../events/operations/old-events-job.js';
import { removeRows } from '../jobs/tidying-job.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { chosenSchemas } from './chosen-schemas.js';
import type { CliContext } from './context.js';
import { comingMoment } from './moments.js';
import { withTables } from './with-tables.js';

interface OfOptions {
  readonly tenant?: string;
  readonly handler?: string;
}

function addOf(command: Command): Command {
  return command
    .addOption(new Option('--tenant <tenant>', 'only of this one: short name or schema').conflicts('handler'))
    .addOption(new Option('--handler <name>', 'only this handler').choices(Object.keys(HANDLERS)));
}

/** Adds the command that pauses the handling of events, until it is resumed or until a given end. */
export function addPauseCommand(command: Command, context: CliContext): void {
  addOf(command)
    .description('stop handling events, of all tenants by default; they wait')
    .option('--reason <text>', 'the reason, for other operators')
    .option('--until <moment>', 'when it ends: 2026-01-31T09:00Z, or 30m, 2h, 7d', comingMoment)
    .action(({ reason, until, ...options }: OfOptions & { reason?: string; until?: Date }) =>
      withTables(context, async ({ database }) => {
        const of = await pauseOf(database, options);
        await pauseEvents(database, of, {
          ...(reason !== undefined && { reason }),
          until: until ?? null,
          onUnreached: unreached(context),
        });
        const end = until ? ` until ${until.toISOString().replace(/\.\d+Z$/, 'Z')}` : '';
        context.print(`${nameOf(of)}: paused${end}; workers stop within a second`);
      }),
    );
}

/** Adds the command that ends a pause. */
export function addResumeCommand(command: Command, context: CliContext): void {
  addOf(command)
    .description('resume handling events that were paused with the same options')
    .action((options: OfOptions) =>
      withTables(context, async ({ database }) => {
        const of = await pauseOf(database, options);
        const resumed = await resumeEvents(database, of, { onUnreached: unreached(context) });
        context.print(`${nameOf(of)}: ${resumed ? 'resumed' : 'was not paused'}`);
      }),
    );
}

const unreached = (context: CliContext) => (cell: string) =>
  context.warn(`the cell ${cell} does not answer; it catches up when it is back`);

async function pauseOf(database: Database, { tenant, handler }: OfOptions): Promise<PauseOf> {
  if (tenant !== undefined) return { kind: 'tenant', schema: (await findTenant(database, tenant)).schema };
  return handler === undefined ? { kind: 'all' } : { kind: 'handler', handler };
}

/** Describes the scope of a pause in words. */
export function nameOf(of: PauseOf): string {
  if (of.kind === 'all') return 'all events';
  return of.kind === 'tenant' ? `events of ${shortName(of.schema)}` : `handler ${of.handler}`;
}

interface CleanUpOptions {
  readonly tenant?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds the command that removes events at the end of their retention. */
export function addCleanUpCommand(command: Command, context: CliContext): void {
  command
    .description('remove events that were completed more than 7 days ago, in batches')
    .option('--tenant <tenant>', 'only of this one: short name or schema')
    .option('--dry-run', 'change nothing, and report what would be done')
    .option('--json', 'print JSON')
    .action(({ tenant, dryRun = false, json }: CleanUpOptions) =>
      withTables(context, async ({ database }) => {
        const removed: { tenant: string; removed: number }[] = [];
        for (const schema of await chosenSchemas(context, database, tenant)) {
          const count = await removeRows(database, schema, deleteOldEvents, { dryRun });
          removed.push({ tenant: shortName(schema), removed: count });
        }
        context.show(json, { dry_run: dryRun, tenants: removed }, () => lines(removed, dryRun));
      }),
    );
}

function lines(removed: readonly { tenant: string; removed: number }[], dryRun: boolean): string[] {
  const total = removed.reduce((sum, one) => sum + one.removed, 0);
  const details = removed.filter((one) => one.removed > 0).map((one) => `  ${one.tenant}: ${one.removed}`);
  return [dryRun ? `${total} to remove; nothing was changed` : `${total} removed`, ...details];
}
