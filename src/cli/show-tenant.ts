import type { Command } from 'commander';
import { listOperations } from '../provisioning/operations/list.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { statusInWords, tenantToJson } from './shown-tenant.js';
import { contentsInWords, tenantContents } from './tenant-contents.js';
import { operationLines, operationToJson } from './tenant-operations.js';
import { withTables } from './with-tables.js';

/** Adds `leopard tenants show`: everything about one tenant that an operator asks for. */
export function addShowCommand(command: Command, context: CliContext): void {
  command
    .description(
      'show one tenant: status, plan, users, size, schema version, last activity, domains, cell, operation',
    )
    .argument('<tenant>', 'short name or schema')
    .option('--json', 'print JSON')
    .action((tenant: string, { json }: { json?: boolean }) => show(context, schemaOf(tenant), json));
}

async function show(context: CliContext, schema: string, json: boolean | undefined): Promise<void> {
  const { mediaDirectory } = context.config();
  await withTables(context, async ({ database, handle }) => {
    const tenant = await findTenant(database, schema);
    const operations = await listOperations(ownerSettings(handle), { schema });
    // A cell that does not answer hides what only it knows, not what the catalogue does.
    const contents = await tenantContents(handle, mediaDirectory, schema).catch((error: Error) => error);
    const known = contents instanceof Error ? { contents_error: contents.message } : contents;
    context.show(
      json,
      { ...tenantToJson(tenant), ...known, operations: operations.map(operationToJson) },
      () => [
        `${shortName(schema)}: ${tenant.name}`,
        `  ${statusInWords(tenant)}${tenant.trouble === null ? '' : ` (${tenant.trouble})`}`,
        `  at most ${tenant.maxUsers} active users, time zone ${tenant.timeZone}, since ${tenant.createdAt}`,
        ...(tenant.cell === null ? [] : [`  cell ${tenant.cell}`]),
        ...(contents instanceof Error
          ? [`  its database cannot be asked: ${contents.message}`]
          : contentsInWords(contents)),
        ...tenant.domains.map(({ domain, isPrimary }) => `  ${domain}${isPrimary ? '  primary' : ''}`),
        ...(operations.length > 0 ? operationLines(operations) : []),
      ],
    );
  });
}
