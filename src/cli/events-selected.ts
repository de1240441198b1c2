import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Database } from '../database/database.js';
import { writeJson } from '../database/json.js';
import { HANDLERS } from '../events/handlers/registry.js';
import {
  cancelEvents,
  type EventInFull,
  listDomainEvents,
  retryEvents,
  type ShownEvent,
  showEvent,
} from '../events/operations/operations.js';
import { EVENT_STATUSES, type EventSelection, type EventStatus } from '../events/operations/selection.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { chosenSchemas } from './chosen-schemas.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { pastMoment } from './moments.js';
import { formatTable } from './table.js';
import { withTables } from './with-tables.js';

interface Filters {
  readonly tenant?: string;
  readonly type?: string;
  readonly status?: EventStatus;
  readonly handler?: string;
  readonly since?: Date;
  readonly until?: Date;
}

const SHOWN = 50;

/** Adds the command that lists the selected events. */
export function addListCommand(command: Command, context: CliContext): void {
  addFilters(command)
    .description('list events, the newest of each tenant first')
    .addOption(new Option('--status <status>', 'in this state').choices(EVENT_STATUSES))
    .option('--limit <n>', 'maximum number for each tenant', wholeNumber, SHOWN)
    .option('--json', 'print JSON')
    .action(({ json, limit, ...filters }: Filters & { json?: boolean; limit: number }) =>
      withTables(context, async ({ database }) => {
        const events: ShownEvent[] = [];
        for (const schema of await chosenSchemas(context, database, filters.tenant))
          events.push(...(await listDomainEvents(database, schema, selectionOf(filters), limit)));
        context.show(json, events, () => lines(events));
      }),
    );
}

/** Adds the command that shows one event with all details. */
export function addShowCommand(command: Command, context: CliContext): void {
  command
    .description('show one event with its states and results')
    .argument('<id>', "the event's id", wholeNumber)
    .requiredOption('--tenant <tenant>', 'of this one: short name or schema')
    .option('--json', 'print JSON')
    .action((id: number, { tenant, json }: { tenant: string; json?: boolean }) =>
      withTables(context, async ({ database }) => {
        const { schema } = await findTenant(database, tenant);
        const event = await showEvent(database, schema, id);
        if (!event) throw new CliError(`${shortName(schema)} has no event ${id}`);
        context.show(json, event, () => inFull(event));
      }),
    );
}

/** Adds the command that retries failed events. */
export function addRetryCommand(command: Command, context: CliContext): void {
  addFilters(command)
    .description('retry failed events; handlers that succeeded do not run again')
    .argument('[ids...]', 'these; with --tenant', wholeNumbers)
    .option('--all', 'all that failed')
    .action((ids: readonly number[] | undefined, filters: Filters & { all?: boolean }) =>
      change(context, ids, filters, { work: retryEvents, done: 'to be handled again', takes: 'failed' }),
    );
}

/** Adds the command that cancels waiting events. */
export function addCancelCommand(command: Command, context: CliContext): void {
  addFilters(command)
    .description('cancel waiting events; they become FAILED, "cancelled", and can be retried')
    .argument('[ids...]', 'these; with --tenant', wholeNumbers)
    .option('--all', 'all that wait')
    .action((ids: readonly number[] | undefined, filters: Filters & { all?: boolean }) =>
      change(context, ids, filters, { work: cancelEvents, done: 'cancelled', takes: 'waiting' }),
    );
}

function addFilters(command: Command): Command {
  return command
    .option('--tenant <tenant>', 'only of this one: short name or schema')
    .option('--type <type>', 'only of this type, as Client.stage.UPDATE')
    .addOption(
      new Option('--handler <name>', 'only those that this handler had to do with').choices(
        Object.keys(HANDLERS),
      ),
    )
    .option('--since <moment>', 'made since then: 2026-01-31T09:00Z, or 30m, 2h, 7d ago', pastMoment)
    .option('--until <moment>', 'created before then', pastMoment);
}

interface SelectionChange {
  readonly work: (database: Database, schema: string, selection: EventSelection) => Promise<number[]>;
  /** Words for the events' new state, and for those that the command selects. */
  readonly done: string;
  readonly takes: string;
}

async function change(
  context: CliContext,
  ids: readonly number[] | undefined,
  filters: Filters & { readonly all?: boolean },
  { work, done, takes }: SelectionChange,
): Promise<void> {
  const selection = { ...selectionOf(filters), ...(ids && ids.length > 0 && { ids }) };
  if (selection.ids && filters.tenant === undefined)
    throw new UsageError('ids are those of one tenant; name it with --tenant');
  const isNarrow = Object.keys(selection).length > 0 || filters.tenant !== undefined;
  if (!isNarrow && !filters.all) throw new UsageError('select events: by ids, a filter, or --all');
  await withTables(context, async ({ database }) => {
    let count = 0;
    const missed: string[] = [];
    for (const schema of await chosenSchemas(context, database, filters.tenant)) {
      const changed = new Set(await work(database, schema, selection));
      count += changed.size;
      missed.push(...(await statesOf(database, schema, ids?.filter((id) => !changed.has(id)) ?? [])));
    }
    context.print(`${count} ${count === 1 ? 'event' : 'events'} ${done}`);
    if (missed.length > 0)
      throw new CliError(`not ${done}, since only ${takes} events are: ${missed.join(', ')}`);
  });
}

/** Returns the selected events with their status. */
async function statesOf(database: Database, schema: string, ids: readonly number[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const found = await listDomainEvents(database, schema, { ids }, ids.length);
  const states = new Map(found.map(({ id, status }) => [id, status]));
  return ids.map((id) => `${id} (${states.get(id) ?? 'not there'})`);
}

function selectionOf({ type, status, handler, since, until }: Filters): EventSelection {
  return {
    ...(type !== undefined && { type }),
    ...(status !== undefined && { status }),
    ...(handler !== undefined && { handler }),
    ...(since && { since }),
    ...(until && { until }),
  };
}

function lines(events: readonly ShownEvent[]): string[] {
  if (events.length === 0) return ['there is no such event'];
  return formatTable(
    ['TENANT', 'ID', 'TYPE', 'RECORD', 'STATUS', 'RETRIES', 'MADE', 'ERROR'],
    events.map((event) => [
      shortName(event.tenant_schema),
      String(event.id),
      event.event_type,
      `${event.entity_type} ${event.entity_id}`,
      event.status,
      `${event.retry_count}/${event.max_retries}`,
      event.created_at,
      event.error_message ?? '',
    ]),
  );
}

function inFull(event: EventInFull): string[] {
  const text = (value: unknown) => (typeof value === 'object' ? writeJson(value) : String(value));
  const rows = Object.entries(event).filter(([name]) => name !== 'handler_results');
  const results = Object.entries(event.handler_results);
  return [
    ...formatTable(
      ['FIELD', 'VALUE'],
      rows.map(([name, value]) => [name, text(value)]),
    ),
    ...results.map(([handler, result]) => `handler ${handler}: ${text(result)}`),
  ];
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It is no whole number above 0.');
  return Number(text);
}

function wholeNumbers(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, wholeNumber(text)];
}
