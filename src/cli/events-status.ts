import type { Command } from 'commander';
import { inWords } from '../database/old-transactions.js';
import type { Pause } from '../events/operations/control.js';
import { type EventsStatus, eventsStatus } from '../events/operations/status.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { chosenSchemas } from './chosen-schemas.js';
import type { CliContext } from './context.js';
import { requireAnswers } from './each-cell.js';
import { nameOf } from './events-control.js';
import { formatTable } from './table.js';
import { withTables } from './with-tables.js';

interface StatusOptions {
  readonly tenant?: string;
  readonly json?: boolean;
}

/** Adds the command that shows the state of event handling. */
export function addStatusCommand(command: Command, context: CliContext): void {
  command
    .description('show pauses, waiting and failed events')
    .option('--tenant <tenant>', 'only of this one: short name or schema')
    .option('--json', 'print JSON')
    .action(({ tenant, json }: StatusOptions) =>
      withTables(context, async ({ database }) => {
        const only = tenant === undefined ? null : (await findTenant(database, tenant)).schema;
        const schemas = await chosenSchemas(context, database, tenant);
        const status = await eventsStatus(database, schemas, only);
        context.show(json, toJson(status), () => lines(status));
        if (only === null) await requireAnswers(database);
      }),
    );
}

function toJson({ pauses, waiting, failed, workersAsleep, oldTransactions }: EventsStatus) {
  return {
    is_paused: pauses.some(({ of }) => of.kind === 'all'),
    pauses: pauses.map(({ of, reason, pausedAt, until }) => ({
      of: of.kind,
      tenant: of.kind === 'tenant' ? shortName(of.schema) : null,
      handler: of.kind === 'handler' ? of.handler : null,
      reason,
      paused_at: pausedAt,
      paused_until: until,
    })),
    waiting: waiting.map(({ schema, oldestSeconds, ...rest }) => ({
      tenant: shortName(schema),
      ...rest,
      oldest_seconds: Math.round(oldestSeconds),
    })),
    failed: failed.map(({ schema, ...rest }) => ({ tenant: shortName(schema), ...rest })),
    workers_asleep: workersAsleep,
    old_transactions: oldTransactions.map(({ seconds, ...rest }) => ({
      ...rest,
      seconds: seconds === null ? null : Math.round(seconds),
    })),
  };
}

function lines({ pauses, waiting, failed, workersAsleep, oldTransactions }: EventsStatus): string[] {
  const depth = waiting.reduce((sum, { count }) => sum + count, 0);
  const oldest = Math.max(0, ...waiting.map(({ oldestSeconds }) => oldestSeconds));
  const asleep = workersAsleep === 1 ? '1 worker has' : `${workersAsleep} workers have`;
  return [
    ...(pauses.length === 0 ? ['nothing is paused'] : pauses.map(pauseLine)),
    depth === 0 ? 'nothing waits' : `${depth} wait, the oldest for ${Math.round(oldest)} s`,
    `${asleep} nothing to do`,
    ...oldTransactions.map((one) => `OLD TRANSACTION ${inWords(one)}`),
    ...(waiting.length === 0 ? [] : ['', ...waitingTable(waiting)]),
    ...(failed.length === 0 ? [] : ['', ...failedTable(failed)]),
  ];
}

function pauseLine({ of, reason, pausedAt, until }: Pause): string {
  const why = reason === '' ? '' : `: ${reason}`;
  return `PAUSED ${nameOf(of)} since ${pausedAt ?? 'an unknown time'}${until ? ` until ${until}` : ''}${why}`;
}

function waitingTable(waiting: EventsStatus['waiting']): string[] {
  return formatTable(
    ['TENANT', 'WAITING EVENTS', 'COUNT', 'DUE', 'OLDEST'],
    waiting.map(({ schema, type, count, due, oldestSeconds }) => [
      shortName(schema),
      type,
      String(count),
      String(due),
      `${Math.round(oldestSeconds)} s`,
    ]),
  );
}

function failedTable(failed: EventsStatus['failed']): string[] {
  const rows = failed.map(({ schema, type, count }) => [shortName(schema), type, String(count)]);
  return formatTable(['TENANT', 'FAILED EVENTS', 'COUNT'], rows);
}
