import type { Command } from 'commander';
import { streamSink } from '../backup/backup-output.js';
import { checkBackup } from '../backup/check-backup.js';
import { openBackup } from '../backup/newest-backups.js';
import { cloneTenant } from '../backup/portable/clone-tenant.js';
import { exportTenant, writeTenant } from '../backup/portable/export-tenant.js';
import { importTenant } from '../backup/portable/import-tenant.js';
import type { LoadedTenant } from '../backup/portable/load-tenant.js';
import { tenantIn } from '../backup/portable/portable-file.js';
import { homeOwner } from '../backup/portable/surroundings.js';
import { checkAbsent } from '../backup/restore-target.js';
import { MAIN_CELL } from '../config/cell-settings.js';
import { cellNamed } from '../database/cells.js';
import { ownDomains } from '../provisioning/create-tenant.js';
import { checkAbsentIn, homeIn } from '../provisioning/made-in-cell.js';
import { checkShortName, schemaOf, shortName } from '../tenancy/tenant-name.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withSteps } from './operation-progress.js';
import { ownerSettings } from './owner-settings.js';
import { portableMeans } from './portable-means.js';
import { withDatabase } from './with-database.js';

const CELL = 'the database server that it lives on: a name of LEOPARD_CELLS (default: main)';

interface ExportCommandOptions {
  readonly to?: string;
  readonly withoutFiles?: boolean;
  readonly json?: boolean;
}

/** Adds the options and the action of exporting a tenant to a file. */
export function addExportCommand(command: Command, context: CliContext): void {
  command
    .description('export a tenant to one file: rows, files, versions and checksums')
    .argument('<tenant>', 'short name or schema')
    .option('--to <path>', 'a file, a folder that gets a new file, or - for stdout')
    .option('--without-files', 'leave uploaded files out')
    .option('--json', 'print JSON')
    .action((tenant: string, options: ExportCommandOptions) => runExport(context, tenant, options));
}

async function runExport(
  context: CliContext,
  tenant: string,
  { to, withoutFiles = false, json = false }: ExportCommandOptions,
): Promise<void> {
  if (to === undefined) throw new UsageError('name the file or the folder: --to');
  const isStdout = to === '-';
  if (isStdout && json) throw new UsageError('stdout is the export’s; leave --json out');
  if (isStdout && process.stdout.isTTY)
    throw new UsageError('an export is not for a terminal; name a file, or pipe it into a program');
  const schema = schemaOf(tenant);
  const { mediaDirectory } = context.config();
  const progress = context.progress(process.stderr);
  await withDatabase(context, async (handle) => {
    const options = {
      mediaDirectory: withoutFiles ? null : mediaDirectory,
      onProgress: ({ rows, files }: { rows: number; files: number }) =>
        process.stderr.isTTY && progress.say(`exporting: ${rows} rows, ${files} files`),
    };
    try {
      const owner = await homeOwner(handle, schema);
      if (isStdout) return void (await writeTenant(owner, schema, streamSink(process.stdout), options));
      const { file, id, rows, files, bytes } = await exportTenant(owner, schema, to, options);
      progress.done();
      context.show(json, { tenant: shortName(schema), file, id, rows, files, bytes }, () => [
        `tenant ${shortName(schema)} is exported: ${rows} rows, ${inWords(files)}; ${bytes} bytes in ${file}`,
      ]);
    } catch (error) {
      progress.failed();
      throw error;
    }
  });
}

interface ImportCommandOptions {
  readonly as?: string;
  readonly domain?: readonly string[];
  readonly withoutFiles?: boolean;
  readonly keepLogins?: boolean;
  readonly keepSending?: boolean;
  readonly cell?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds the options and the action of importing a tenant from a file. */
export function addImportCommand(command: Command, context: CliContext): void {
  command
    .description('import a tenant from an exported file, also of another server or an older version')
    .argument('<file>', 'the file that leopard tenants export wrote')
    .option('--as <name>', 'another short name, with its own two domains')
    .option('--domain <domain...>', 'more domains, beside those two')
    .option('--cell <name>', CELL)
    .option('--without-files', 'leave uploaded files out')
    .option('--keep-logins', 'let present log-ins stay valid; only if nothing happened since the export')
    .option('--keep-sending', 'let it send webhooks and e-mails; only if the exported one does not')
    .option('--dry-run', 'change nothing: read the file, compare its checksums, examine the database')
    .option('--json', 'print JSON')
    .action((file: string, options: ImportCommandOptions) => runImport(context, file, options));
}

async function runImport(context: CliContext, path: string, options: ImportCommandOptions): Promise<void> {
  const { file, from } = await tenantIn(path);
  const cell = cellNamed(options.cell ?? MAIN_CELL);
  const schema = options.as === undefined ? from : schemaOf(checkShortName(options.as));
  const config = context.config();
  await withDatabase(context, async (handle) => {
    if (options.dryRun) {
      const { sections } = await checkBackup(openBackup(file));
      await checkAbsent(ownerSettings(handle), schema);
      if (cell !== null) await checkAbsentIn(homeIn(handle, cell), schema, cell);
      const [section] = sections;
      const shown = { tenant: shortName(schema), rows: section!.rows, files: section!.files };
      context.show(options.json, { ...shown, snapshot_at: section!.snapshotAt }, () => [
        `${shown.rows} rows, ${inWords(shown.files)}, as of ${section!.snapshotAt}`,
        `the file is complete and can be imported as ${shown.tenant}; nothing was changed`,
      ]);
      return;
    }
    const imported = await withSteps(context, (steps) =>
      importTenant(
        portableMeans({ config, handle }),
        schema,
        {
          ...{ file, from },
          domains: options.domain ?? [],
          keepsLogins: options.keepLogins ?? false,
          keepsSending: options.keepSending ?? false,
          withFiles: !options.withoutFiles,
          ...(cell !== null && { cell }),
        },
        steps,
      ),
    );
    showLoaded(context, options.json, 'imported', schema, imported);
    if (schema !== from) showDomains(context, options.json, ownDomains(shortName(schema), config));
  });
}

interface CloneCommandOptions {
  readonly anonymise?: boolean;
  readonly cell?: string;
  readonly domain?: readonly string[];
  readonly withoutFiles?: boolean;
  readonly json?: boolean;
}

/** Adds the options and the action of cloning a tenant. */
export function addCloneCommand(command: Command, context: CliContext): void {
  command
    .description('copy a tenant, as of one moment, to another name; the copy sends no e-mails and webhooks')
    .argument('<tenant>', 'short name or schema')
    .argument('<name>', "the copy's short name")
    .option('--anonymise', "put other values in place of people's data; nobody can log in to the copy")
    .option('--domain <domain...>', 'more domains, beside its own two')
    .option('--cell <name>', CELL)
    .option('--without-files', 'leave uploaded files out')
    .option('--json', 'print JSON')
    .action((tenant: string, name: string, options: CloneCommandOptions) =>
      runClone(context, tenant, name, options),
    );
}

async function runClone(
  context: CliContext,
  tenant: string,
  name: string,
  {
    anonymise = false,
    cell: named = MAIN_CELL,
    domain = [],
    withoutFiles = false,
    json,
  }: CloneCommandOptions,
): Promise<void> {
  const [source, schema] = [schemaOf(tenant), schemaOf(checkShortName(name))];
  const config = context.config();
  const cell = cellNamed(named);
  await withDatabase(context, async (handle) => {
    const parameters = {
      ...{ isAnonymised: anonymise, domains: domain, withFiles: !withoutFiles },
      ...(cell !== null && { cell }),
    };
    const cloned = await withSteps(context, (steps) =>
      cloneTenant(portableMeans({ config, handle }), source, schema, parameters, steps),
    );
    showLoaded(context, json, 'made', schema, cloned);
    showDomains(context, json, ownDomains(shortName(schema), config));
    if (anonymise && !json)
      context.print(
        `nobody can log in; create a user: leopard createsuperuser --schema ${shortName(schema)} --email you@example.com`,
      );
  });
}

function showLoaded(
  context: CliContext,
  json: boolean | undefined,
  done: string,
  schema: string,
  { rows, files, snapshotAt, unknownTables, unreadableSecrets }: LoadedTenant,
): void {
  const tenant = shortName(schema);
  const report = { tenant, rows, files, snapshot_at: snapshotAt, unknown_tables: unknownTables };
  context.show(json, { ...report, unreadable_second_factors: unreadableSecrets }, () => [
    `tenant ${tenant} is ${done}: ${rows} rows, ${inWords(files)}, as of ${snapshotAt}`,
  ]);
  for (const table of unknownTables)
    context.warn(`${table} is not the program's; its rows are in the file, and were not loaded`);
  if (unreadableSecrets > 0)
    context.warn(
      `${unreadableSecrets} second factors were sealed with another SECRET_KEY; put it into SECRET_KEY_FALLBACKS and load again, or reset them: leopard second_factor reset`,
    );
}

function showDomains(context: CliContext, json: boolean | undefined, domains: readonly string[]): void {
  if (!json) for (const domain of domains) context.print(`  ${domain}`);
}

function inWords(files: number | null): string {
  return files === null ? 'without uploaded files' : `${files} uploaded files`;
}
