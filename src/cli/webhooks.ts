import { type Command, InvalidArgumentError } from 'commander';
import {
  addEndpoint,
  DEFAULT_OVERLAP_HOURS,
  type Endpoint,
  findEndpoint,
  listEndpoints,
  MOST_OVERLAP_HOURS,
  removeEndpoint,
  rotateSecret,
  switchEndpoint,
} from '../deliveries/endpoints.js';
import { sendTrial } from '../deliveries/webhook.js';
import { shortName } from '../tenancy/tenant-name.js';
import { atTenant } from './at-tenant.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { parseId } from './id-argument.js';
import { formatTable } from './table.js';

interface Options {
  readonly tenant: string;
  readonly json?: boolean;
}

interface AddOptions extends Options {
  readonly url: string;
  readonly events: string;
}

/** Adds `leopard webhooks add|list|remove|enable|disable|rotate-secret|test`: a tenant's webhook endpoints. */
export function addWebhooksCommand(program: Command, context: CliContext): void {
  const webhooks = program
    .command('webhooks')
    .description("manage the endpoints to which a tenant's events are sent");
  const command = (name: string, description: string) =>
    webhooks
      .command(name)
      .description(description)
      .requiredOption('--tenant <tenant>', 'short name or schema')
      .option('--json', 'print JSON');

  command('add', 'add an endpoint; its secret is shown now and never again')
    .requiredOption('--url <url>', 'an https:// address')
    .option('--events <types>', 'types or patterns such as Client.*, separated by commas', '*')
    .action((options: AddOptions) => add(context, options));
  command('list', 'list the endpoints').action((options: Options) => list(context, options));
  command('remove', 'remove an endpoint and cancel what waits for it')
    .argument('<id>', "the endpoint's", parseId)
    .action((id: number, options: Options) => remove(context, id, options));
  command('enable', 'switch an endpoint on again, and send what was held for it')
    .argument('<id>', "the endpoint's", parseId)
    .action((id: number, options: Options) => change(context, id, null, options));
  command('disable', 'switch an endpoint off and hold what waits for it')
    .argument('<id>', "the endpoint's", parseId)
    .option('--reason <text>', 'why', 'switched off by an operator')
    .action((id: number, options: Options & { reason: string }) =>
      change(context, id, options.reason, options),
    );
  command('rotate-secret', 'give an endpoint a new secret, shown now and never again; both sign for a while')
    .argument('<id>', "the endpoint's", parseId)
    .option('--overlap <hours>', 'how long the old secret also signs', parseOverlap, DEFAULT_OVERLAP_HOURS)
    .action((id: number, options: Options & { overlap: number }) => rotate(context, id, options));
  command('test', 'send something of the type Leopard.TEST to an endpoint now, and show the answer')
    .argument('<id>', "the endpoint's", parseId)
    .action((id: number, options: Options) => test(context, id, options));
}

function parseOverlap(text: string): number {
  const hours = /^\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (hours >= 0 && hours <= MOST_OVERLAP_HOURS) return hours;
  throw new InvalidArgumentError(`It must be hours from 0 to ${MOST_OVERLAP_HOURS}.`);
}

async function add(context: CliContext, options: AddOptions): Promise<void> {
  const { url } = options;
  const eventTypes = options.events
    .split(',')
    .map((type) => type.trim())
    .filter(Boolean);
  const policy = context.config().deliveries.webhooks;
  const { secret, ...endpoint } = await atTenant(context, options.tenant, (transaction) =>
    addEndpoint(transaction, { url, eventTypes }, policy),
  );
  context.show(options.json, { ...toJson(endpoint), secret }, () => [
    `endpoint ${endpoint.id} is added: ${endpoint.url}`,
    `its secret, shown only now: ${secret}`,
  ]);
}

async function list(context: CliContext, options: Options): Promise<void> {
  const endpoints = await atTenant(context, options.tenant, listEndpoints);
  context.show(options.json, endpoints.map(toJson), () => lines(endpoints));
}

async function remove(context: CliContext, id: number, options: Options): Promise<void> {
  await atTenant(context, options.tenant, (transaction) => removeEndpoint(transaction, id));
  context.show(options.json, { id, removed: true }, () => [`endpoint ${id} is removed`]);
}

async function change(context: CliContext, id: number, reason: string | null, options: Options) {
  const endpoint = await atTenant(context, options.tenant, (transaction) =>
    switchEndpoint(transaction, id, reason),
  );
  const state = reason === null ? 'on' : `off: ${reason}`;
  context.show(options.json, toJson(endpoint), () => [`endpoint ${id} is ${state}`]);
}

async function rotate(context: CliContext, id: number, options: Options & { overlap: number }) {
  const { secret, ...endpoint } = await atTenant(context, options.tenant, (transaction) =>
    rotateSecret(transaction, id, options.overlap),
  );
  const { previous_secret_until: until } = endpoint;
  context.show(options.json, { ...toJson(endpoint), secret }, () => [
    `endpoint ${id} has a new secret${until ? `; the old one signs too until ${until}` : ''}`,
    `its secret, shown only now: ${secret}`,
  ]);
}

async function test(context: CliContext, id: number, options: Options): Promise<void> {
  const policy = context.config().deliveries.webhooks;
  const { endpoint, tenant } = await atTenant(context, options.tenant, async (transaction, schema) => ({
    endpoint: await findEndpoint(transaction, id),
    tenant: shortName(schema),
  }));
  const result = await sendTrial(endpoint, tenant, { policy });
  const { sent, status_code: status, duration_ms: duration, error } = result;
  context.show(options.json, result, () =>
    status === null ? [] : [`endpoint ${id} answered ${status} in ${duration} ms`],
  );
  if (!sent) throw new CliError(`endpoint ${id} did not accept it: ${error}`);
}

function toJson({ secret_set_at: _, ...endpoint }: Endpoint) {
  return endpoint;
}

function lines(endpoints: readonly Endpoint[]): string[] {
  if (endpoints.length === 0)
    return ['there is no endpoint yet; add one: leopard webhooks add --tenant TENANT --url URL'];
  return formatTable(
    ['ID', 'STATE', 'FAILURES', 'EVENTS', 'URL', 'REASON'],
    endpoints.map(({ id, is_active, failures, event_types, url, disabled_reason }) => [
      String(id),
      is_active ? 'on' : 'off',
      String(failures),
      event_types.join(','),
      url,
      disabled_reason ?? '',
    ]),
  );
}
