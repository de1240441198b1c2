import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { SealedSecrets } from '../auth/sealed-secrets.js';
import { checkBackup } from '../backup/check-backup.js';
import { newestOf, openBackup } from '../backup/newest-backups.js';
import { adaptRenamed } from '../backup/renamed-tenant.js';
import {
  type RestoreReport,
  restoreBackup,
  restoreFolder,
  type WantedTenant,
} from '../backup/restore-backup.js';
import { checkAbsent, checkTarget, examineTarget } from '../backup/restore-target.js';
import { cellNamed, handleOf, handleOfTenant } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { checkHostLabels, ownDomains } from '../provisioning/create-tenant.js';
import { checkShortName, schemaOf, shortName } from '../tenancy/tenant-name.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { withDatabase } from './with-database.js';

interface RestoreCommandOptions {
  readonly schema?: string;
  readonly as?: string;
  readonly cell?: string;
  readonly withoutFiles?: boolean;
  readonly keepLogins?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `leopard restore`, which restores a backup. */
export function addRestoreCommand(program: Command, context: CliContext): void {
  program
    .command('restore')
    .description('restore a backup into an empty database, or one tenant of it beside the others')
    .argument('<file>', 'the backup, the folder of scheduled ones for the newest of each, or - for stdin')
    .option('--schema <tenant>', 'only this tenant, by schema or short name')
    .option('--as <name>', 'restore that tenant under another short name; it sends no e-mails and webhooks')
    .option('--cell <name>', "a backup of this further cell's database, into it (LEOPARD_CELLS)")
    .option('--without-files', 'leave uploaded files out')
    .option('--keep-logins', 'let present log-ins stay valid; only if nothing happened since the backup')
    .option('--dry-run', 'change nothing: read the backup, compare its checksums, examine the database')
    .option('--json', 'print JSON')
    .action((file: string, options: RestoreCommandOptions) => restore(context, file, options));
}

async function restore(context: CliContext, file: string, options: RestoreCommandOptions): Promise<void> {
  const config = context.config();
  if (options.as !== undefined) checkHostLabels(checkShortName(options.as), config);
  const [schema, as] = [options.schema, options.as].map((name) =>
    name === undefined ? undefined : schemaOf(name),
  );
  if (options.cell !== undefined && schema !== undefined)
    throw new UsageError(
      '--cell restores the whole database of a cell; a tenant comes into it by: leopard tenants import FILE --cell <name>',
    );
  const isFolder = file !== '-' && (await found(file)).isDirectory();
  if (isFolder && schema === undefined && options.dryRun)
    throw new UsageError('one backup is examined at a time; name a file, or a tenant with --schema');
  const path = isFolder && schema !== undefined ? await newestOf(file, schema) : file;
  const source = () => (path === '-' ? process.stdin : openBackup(path));
  await withDatabase(context, async (catalogue) => {
    const handle = await targetOf(catalogue, options.cell, as === undefined ? schema : undefined);
    if (options.dryRun) return await examine(context, handle, source(), options);
    const progress = context.progress(process.stderr);
    const common = {
      mediaDirectory: options.withoutFiles ? null : config.mediaDirectory,
      keepsLogins: options.keepLogins ?? false,
      onProgress: ({ scope }: { scope: string }) => progress.say(`restoring ${scope}`),
    };
    const owner = ownerSettings(handle);
    const app = handle.app.user;
    let unreadable = 0;
    let report: RestoreReport;
    try {
      const secrets = new SealedSecrets([config.secretKey, ...config.secretKeyFallbacks]);
      const wanted: WantedTenant = {
        schema: schema ?? null,
        as: as === undefined ? null : { schema: as, domains: ownDomains(options.as!, config) },
        adapt: async (client, from) => {
          unreadable = await adaptRenamed(client, { from, to: as!, secrets });
        },
      };
      const isEverything = schema === undefined && as === undefined;
      report =
        isFolder && isEverything
          ? await restoreFolder(owner, app, path, common)
          : await restoreBackup(owner, app, source(), isEverything ? null : wanted, common);
      progress.done();
    } catch (error) {
      progress.failed();
      throw error;
    }
    context.show(options.json, toJson(report), () => [inWords(report)]);
    for (const table of report.unknownTables)
      context.warn(`${table} is not the program's; its rows are in the backup, and were not restored`);
    if (report.missing.length > 0)
      throw new CliError(
        `${report.missing.map(shortName).join(', ')}: there is no backup in ${file}; the others are restored`,
      );
    if (unreadable > 0)
      context.warn(
        `${unreadable} second factors were sealed with another SECRET_KEY; put it into SECRET_KEY_FALLBACKS and restore again, or reset them: leopard second_factor reset`,
      );
  });
}

/** Returns the database to restore into: that of the cell, or that in which the catalogue places the tenant. */
async function targetOf(
  catalogue: DatabaseHandle,
  cell: string | undefined,
  schema: string | undefined,
): Promise<DatabaseHandle> {
  if (cell !== undefined) return handleOf(catalogue, cellNamed(cell));
  if (schema === undefined || !catalogue.cells) return catalogue;
  return await handleOfTenant(catalogue, schema);
}

async function examine(
  context: CliContext,
  handle: DatabaseHandle,
  source: AsyncIterable<Buffer>,
  options: RestoreCommandOptions,
): Promise<void> {
  const { header, sections } = await checkBackup(source);
  const schema = options.schema === undefined ? null : schemaOf(options.schema);
  const wanted = sections.filter(({ scope }) => schema === null || scope === schema);
  if (wanted.length === 0) throw new CliError(`the backup does not hold ${schema}`);
  const owner = ownerSettings(handle);
  if (header.of === 'platform' && schema === null) checkTarget(await examineTarget(owner), header.id);
  else await checkAbsent(owner, options.as === undefined ? wanted[0]!.scope : schemaOf(options.as));
  const { id, program, startedAt } = header;
  const shown = wanted.map(({ scope, rows, files, snapshotAt }) => ({
    ...{ scope, rows, files },
    snapshot_at: snapshotAt,
  }));
  context.show(options.json, { id, program, started_at: startedAt, sections: shown }, () => [
    ...wanted.map(
      ({ scope, rows, files, snapshotAt }) =>
        `${scope}: ${rows} rows, ${files === null ? 'no' : files} uploaded files, as of ${snapshotAt}`,
    ),
    'the backup is complete and can be restored here; nothing was changed',
  ]);
}

async function found(file: string): Promise<Stats> {
  return await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(error.code === 'ENOENT' ? `there is no file ${file}` : error.message);
  });
}

function toJson({ snapshotAt, unknownTables, ...report }: RestoreReport) {
  return { ...report, snapshot_at: snapshotAt, unknown_tables: unknownTables };
}

function inWords({ scopes, present, rows, files }: RestoreReport): string {
  const names = scopes.filter((scope) => scope !== 'public').map(shortName);
  const tenants = names.length === 1 ? `tenant ${names[0]}` : `${names.length} tenants`;
  const before = present.length > 0 ? `; ${present.length} were restored by an earlier run` : '';
  return `restored ${tenants}: ${rows} rows, ${files} uploaded files${before}`;
}
