import { Argument, type Command, Option } from 'commander';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import {
  cancelDeliveries,
  DELIVERY_STATUSES,
  type DeliveryFilter,
  type DeliveryStatus,
  type ListedDelivery,
  listDeliveries,
  retryDeliveries,
  type ShownDelivery,
  showDelivery,
} from '../deliveries/administration.js';
import { atTenant } from './at-tenant.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { collectIds, parseId } from './id-argument.js';
import { formatTable } from './table.js';

interface Options {
  readonly tenant: string;
  readonly json?: boolean;
  readonly status?: DeliveryStatus;
  readonly kind?: 'webhook' | 'email';
  readonly endpoint?: number;
  readonly event?: number;
}

type DeliveryChange = (transaction: TenantTransaction, filter: DeliveryFilter) => Promise<number[]>;

/** Adds `leopard deliveries list|show|retry|cancel`: a tenant's webhooks and e-mails. */
export function addDeliveriesCommand(program: Command, context: CliContext): void {
  const deliveries = program
    .command('deliveries')
    .description('show, repeat and cancel webhooks and e-mails of a tenant');
  const command = (name: string, description: string) =>
    deliveries
      .command(name)
      .description(description)
      .requiredOption('--tenant <tenant>', 'short name or schema')
      .option('--json', 'print JSON');

  withFilter(command('list', 'list the newest deliveries'))
    .option('--limit <number>', 'maximum number', parseId, 50)
    .action((options: Options & { limit: number }) => list(context, options));
  command('show', 'show a delivery with its text and the log of its attempts')
    .argument('<id>', "the delivery's", parseId)
    .action((id: number, options: Options) => show(context, id, options));
  withFilter(command('retry', 'send deliveries anew, also those that were sent, each with its old key'))
    .addArgument(ids())
    .action((chosen: number[] | undefined, options: Options) =>
      change(context, chosen, options, retryDeliveries, 'to be sent anew'),
    );
  withFilter(command('cancel', 'end deliveries that wait or are held'))
    .addArgument(ids())
    .action((chosen: number[] | undefined, options: Options) =>
      change(context, chosen, options, cancelDeliveries, 'cancelled'),
    );
}

const ids = () =>
  new Argument('[ids...]', 'which ones; else those that the options choose').argParser(collectIds);

function withFilter(command: Command): Command {
  return command
    .addOption(new Option('--status <status>', 'only with this status').choices(DELIVERY_STATUSES))
    .addOption(new Option('--kind <kind>', 'only these').choices(['webhook', 'email']))
    .option('--endpoint <id>', 'only to this endpoint', parseId)
    .option('--event <id>', 'only of this event', parseId);
}

function filterOf({ status, kind, endpoint, event }: Options): DeliveryFilter {
  return {
    ...(status && { status }),
    ...(kind && { kind }),
    ...(endpoint && { endpoint }),
    ...(event && { event }),
  };
}

async function list(context: CliContext, options: Options & { limit: number }): Promise<void> {
  const found = await atTenant(context, options.tenant, (transaction) =>
    listDeliveries(transaction, filterOf(options), options.limit),
  );
  context.show(options.json, found, () => lines(found));
}

async function show(context: CliContext, id: number, options: Options): Promise<void> {
  const found = await atTenant(context, options.tenant, (transaction) => showDelivery(transaction, id));
  context.show(options.json, found, () => shownLines(found));
}

async function change(
  context: CliContext,
  chosen: readonly number[] | undefined,
  options: Options,
  work: DeliveryChange,
  done: string,
): Promise<void> {
  const given = chosen ?? [];
  const filter = { ...filterOf(options), ...(given.length > 0 && { ids: given }) };
  if (Object.keys(filter).length === 0) {
    throw new UsageError('select deliveries: by ids, or --status, --kind, --endpoint or --event');
  }
  const changed = await atTenant(context, options.tenant, (transaction) => work(transaction, filter));
  const count = `${changed.length} ${changed.length === 1 ? 'delivery is' : 'deliveries are'}`;
  context.show(options.json, { ids: changed }, () => [`${count} ${done}`]);
  const missing = given.filter((id) => !changed.includes(id));
  if (missing.length > 0)
    throw new CliError(
      `not ${done}: ${missing.join(', ')}; see: leopard deliveries list --tenant ${options.tenant}`,
    );
}

function lines(found: readonly ListedDelivery[]): string[] {
  if (found.length === 0) return ['there is no such delivery'];
  return formatTable(
    ['ID', 'STATUS', 'TYPE', 'TO', 'ATTEMPTS', 'CREATED', 'ERROR'],
    found.map(({ id, status, event_type, to, attempts, created_at, last_error }) => [
      String(id),
      status,
      event_type,
      to ?? '-',
      String(attempts),
      created_at,
      last_error ?? '',
    ]),
  );
}

function shownLines(delivery: ShownDelivery): string[] {
  const { log, body, ...facts } = delivery;
  const said = Object.entries(facts).filter(([, value]) => value !== null && value !== '');
  const width = Math.max(...said.map(([name]) => name.length));
  return [
    ...said.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    body,
    '',
    ...(log.length === 0 ? ['no attempt yet'] : []),
    ...log.map(({ attempted_at, duration_ms, status_code, answer, error }) =>
      [
        attempted_at,
        `${duration_ms} ms`,
        status_code ?? '',
        error ?? 'sent',
        JSON.stringify(answer ?? ''),
      ].join('  '),
    ),
  ];
}
