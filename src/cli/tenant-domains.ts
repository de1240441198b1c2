import type { Command } from 'commander';
import type { ConnectionSettings } from '../config/config.js';
import { addDomain, makePrimary, removeDomain } from '../tenancy/domain-changes.js';
import { findTenant, type ListedTenant } from '../tenancy/tenant-list.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import type { CliContext } from './context.js';
import { copyToItsCell } from './copy-to-cell.js';
import { ownerSettings } from './owner-settings.js';
import { withTables } from './with-tables.js';

interface DomainsOptions {
  readonly tenant: string;
  readonly json?: boolean;
}

type DomainWork = (owner: ConnectionSettings, schema: string, domain: string) => Promise<string>;

/** Adds `leopard tenants domains list|add|remove|primary`: a tenant's host names. */
export function addDomainsCommand(tenants: Command, context: CliContext): void {
  const domains = tenants
    .command('domains')
    .description('list, add and remove the domains of a tenant, and choose the primary one');
  addOptions(domains.command('list'))
    .description("list a tenant's domains, the primary one first")
    .action(({ tenant, json }: DomainsOptions) =>
      withTables(context, async ({ database }) => show(context, await findTenant(database, tenant), json)),
    );
  const changing = (name: string, description: string, work: DomainWork, done: string) =>
    addOptions(domains.command(name))
      .description(description)
      .argument('<domain>', 'host name without port, or *. and a host name')
      .action((domain: string, options: DomainsOptions) => change(context, domain, options, work, done));
  changing('add', 'have another domain lead to a tenant', addDomain, 'leads to');
  changing('remove', 'have a domain no longer lead to a tenant', removeDomain, 'no longer leads to');
  changing(
    'primary',
    "make one of a tenant's domains its primary one",
    makePrimary,
    'is the primary domain of',
  );
}

function addOptions(command: Command): Command {
  return command.requiredOption('--tenant <tenant>', 'short name or schema').option('--json', 'print JSON');
}

async function change(
  context: CliContext,
  domain: string,
  { tenant, json }: DomainsOptions,
  work: DomainWork,
  done: string,
): Promise<void> {
  const schema = schemaOf(tenant);
  await withTables(context, async ({ database, handle }) => {
    const changed = await work(ownerSettings(handle), schema, domain);
    await copyToItsCell(context, handle, schema);
    if (!json) context.print(`${changed} ${done} ${shortName(schema)}`);
    const found = await findTenant(database, schema);
    show(context, found, json);
    if (found.domains.length === 0) context.warn(`warning: no host leads to ${shortName(schema)} now`);
  });
}

function show(context: CliContext, { domains }: ListedTenant, json = false): void {
  const list = domains.map(({ domain, isPrimary }) => ({ domain, is_primary: isPrimary }));
  context.show(json, list, () =>
    domains.map(({ domain, isPrimary }) => `  ${domain}${isPrimary ? '  primary' : ''}`),
  );
}
