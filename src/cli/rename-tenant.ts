import type { Command } from 'commander';
import { SealedSecrets } from '../auth/sealed-secrets.js';
import { renameTenant } from '../provisioning/rename-tenant.js';
import { homeSurroundings } from '../provisioning/tenant-home.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import type { CliContext } from './context.js';
import { withSteps } from './operation-progress.js';
import { tenantLines, tenantToJson } from './shown-tenant.js';
import { withTables } from './with-tables.js';

/** Adds `leopard tenants rename`, which gives a tenant another short name. */
export function addRenameCommand(command: Command, context: CliContext): void {
  command
    .description(
      'give a tenant another short name, with a primary domain of that name; its old domains lead to it as before',
    )
    .argument('<tenant>', 'short name or schema')
    .argument('<name>', 'the new short name')
    .option('--json', 'print JSON')
    .action((tenant: string, name: string, { json }: { json?: boolean }) =>
      rename(context, schemaOf(tenant), name, json),
    );
}

async function rename(context: CliContext, schema: string, name: string, json?: boolean): Promise<void> {
  const config = context.config();
  const { mediaDirectory, secretKey, secretKeyFallbacks } = config;
  await withTables(context, async ({ database, handle }) => {
    const secrets = new SealedSecrets([secretKey, ...secretKeyFallbacks]);
    const surroundings = { ...homeSurroundings(handle), mediaDirectory, secrets };
    const renamed = await withSteps(context, (steps) =>
      renameTenant(surroundings, config, schema, name, steps),
    );
    const found = await findTenant(database, renamed.schema);
    context.show(json, { ...tenantToJson(found), unreadable_secrets: renamed.unreadable }, () => [
      `tenant ${shortName(schema)} is ${shortName(renamed.schema)} now`,
      ...tenantLines([found]),
    ]);
    if (renamed.unreadable > 0)
      context.warn(
        `${renamed.unreadable} second factors were sealed with another SECRET_KEY; reset them: leopard second_factor reset`,
      );
  });
}
