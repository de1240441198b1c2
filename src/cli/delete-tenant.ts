import type { Command } from 'commander';
import { targetFile } from '../backup/backup-files.js';
import type { DatabaseHandle } from '../database/connections.js';
import { deleteTenant, undeleteTenant } from '../provisioning/delete-tenant.js';
import { purgeTenant } from '../provisioning/purge-tenant.js';
import { homeSurroundings } from '../provisioning/tenant-home.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { exportTenant } from './export-tenant.js';
import { withSteps } from './operation-progress.js';
import { ownerSettings } from './owner-settings.js';
import { tenantLines, tenantToJson } from './shown-tenant.js';
import { contentsInWords, tenantContents } from './tenant-contents.js';
import { withTables } from './with-tables.js';

interface DeleteOptions {
  /** The old spelling, which removes at once. */
  readonly tenant?: string;
  readonly now?: boolean;
  readonly force?: boolean;
  readonly export?: boolean;
  readonly exportTo?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `deregister_tenant`, as operators' scripts know it: it removes a tenant at once and for good. */
export function addDeregisterCommand(command: Command, context: CliContext): void {
  command
    .description('remove a tenant for good: its schema, domains, row and files')
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .option('--force', 'do not ask')
    .action((options: DeleteOptions) => removeForGood(context, schemaOf(options.tenant!), options, 'DELETE'));
}

/** Adds `leopard tenants delete`. */
export function addDeleteTenantCommand(command: Command, context: CliContext): void {
  command
    .description('delete a tenant: it is shut out, exported, and for some time can be brought back')
    .argument('[tenant]', 'short name or schema')
    .option('--tenant <tenant>', 'the old way to name it: removes it at once, as --now does')
    .option('--force', 'do not ask')
    .option('--now', 'remove it for good at once, without an export: its schema, domains, row and files')
    .option('--no-export', 'write no final export')
    .option(
      '--export-to <path>',
      'the file or folder of the final export (default: DELETED_TENANT_EXPORT_DIR)',
    )
    .option('--dry-run', 'change nothing, and say what would be removed')
    .option('--json', 'print JSON')
    .action((tenant: string | undefined, options: DeleteOptions) => {
      if ((tenant === undefined) === (options.tenant === undefined))
        throw new UsageError('name the tenant: leopard tenants delete TENANT');
      const schema = schemaOf((tenant ?? options.tenant)!);
      if (options.dryRun) return rehearse(context, schema, options);
      if (options.tenant !== undefined) return removeForGood(context, schema, options, 'DELETE');
      if (options.now) return removeForGood(context, schema, options, shortName(schema));
      return deleteForSome(context, schema, options);
    });
}

/** Adds `leopard tenants undelete`, which brings a deleted tenant back. */
export function addUndeleteCommand(command: Command, context: CliContext): void {
  command
    .description('bring a deleted tenant back, with everything that it had')
    .argument('<tenant>', 'short name or schema')
    .option('--json', 'print JSON')
    .action((tenant: string, { json }: { json?: boolean }) => {
      const schema = schemaOf(tenant);
      return withTables(context, async ({ database, handle }) => {
        await withSteps(context, (steps) => undeleteTenant(homeSurroundings(handle), schema, steps));
        const found = await findTenant(database, schema);
        context.show(json, tenantToJson(found), () => [
          `tenant ${shortName(schema)} is back`,
          ...tenantLines([found]),
        ]);
      });
    });
}

async function deleteForSome(context: CliContext, schema: string, options: DeleteOptions): Promise<void> {
  const { force = false, json } = options;
  const { tenants, mediaDirectory } = context.config();
  const days = tenants.retentionDays;
  const name = shortName(schema);
  if (!force && !context.isInteractive)
    throw new UsageError(`there is no terminal for the question whether to delete ${name}, so add --force`);
  const file =
    options.export === false
      ? null
      : targetFile(options.exportTo ?? `${tenants.exportDirectory}/`, schema, new Date());
  await withTables(context, async ({ database, handle }) => {
    ownerSettings(handle);
    const until = days === 0 ? 'until somebody removes it' : `for ${days} days`;
    const found = await findTenant(database, schema);
    await confirm(
      context,
      force,
      name,
      `shuts ${found.name} (${schema}) out; it can be brought back ${until}`,
    );
    const surroundings = { ...homeSurroundings(handle), exportTenant: exportTenant(handle, mediaDirectory) };
    const written = await withSteps(context, (steps) =>
      deleteTenant(surroundings, schema, { days, file }, steps),
    );
    const deleted = await findTenant(database, schema);
    context.show(json, { ...tenantToJson(deleted), export: written.file }, () => [
      `tenant ${name} is deleted; bring it back ${until}: ${context.invocation} tenants undelete ${name}`,
      ...(written.file === null ? [] : [`its final export: ${written.file}`]),
    ]);
  });
}

async function removeForGood(
  context: CliContext,
  schema: string,
  { force = false, json }: DeleteOptions,
  word: string,
): Promise<void> {
  if (!force && !context.isInteractive) {
    throw new UsageError(
      `removing ${schema} cannot be undone; there is no terminal for the question, so add --force`,
    );
  }
  const { mediaDirectory } = context.config();
  await withTables(context, async ({ database, handle }) => {
    const found = await findTenant(database, schema);
    const surroundings = { ...removal(handle), mediaDirectory };
    await confirm(
      context,
      force,
      word,
      `removes ${found.name} (${schema}) with all its records and files, for good`,
    );
    await withSteps(context, (steps) => purgeTenant(surroundings, schema, steps));
  });
  context.show(json, { tenant: shortName(schema), schema_name: schema, removed: true }, () => [
    `tenant ${shortName(schema)} is removed`,
  ]);
}

function removal(handle: DatabaseHandle) {
  ownerSettings(handle);
  return homeSurroundings(handle);
}

/** Waits for the operator to type a word. @throws CliError for any other answer */
async function confirm(context: CliContext, force: boolean, word: string, effect: string): Promise<void> {
  if (force) return;
  const answer = await context.ask(`This ${effect}. Type ${word} to go on: `);
  if (answer.trim() !== word) throw new CliError('nothing was removed');
}

async function rehearse(context: CliContext, schema: string, options: DeleteOptions): Promise<void> {
  const { mediaDirectory, tenants } = context.config();
  const atOnce = options.now === true || options.tenant !== undefined;
  await withTables(context, async ({ database, handle }) => {
    const found = await findTenant(database, schema);
    const contents = await tenantContents(handle, mediaDirectory, schema);
    const days = atOnce ? null : tenants.retentionDays;
    context.show(
      options.json,
      { ...tenantToJson(found), ...contents, dry_run: true, retention_days: days },
      () => [
        `nothing is changed; ${shortName(schema)} (${found.name}) would be ${atOnce ? 'removed for good' : 'deleted'}:`,
        ...contentsInWords(contents),
        ...found.domains.map(({ domain }) => `  ${domain}`),
      ],
    );
  });
}
