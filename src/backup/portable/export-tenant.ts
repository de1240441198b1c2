import type { ConnectionSettings } from '../../config/config.js';
import { reached } from '../../provisioning/operations/points.js';
import { targetFile } from '../backup-files.js';
import { type ByteSink, fileSink } from '../backup-output.js';
import { type BackupReport, writeBackup } from '../write-backup.js';

/** The steps of an export. Killed at any of them, it leaves no file under its name, and the next one takes away the rest. */
export const EXPORT_STEPS = [{ name: 'rows' }, { name: 'files' }, { name: 'end' }] as const;

export interface ExportOptions {
  /** The folder that holds one folder of files per tenant; null to leave files out. */
  readonly mediaDirectory: string | null;
  /** Whether other values stand in place of people's data. */
  readonly isAnonymised?: boolean;
  /** Called with the number of rows and files written so far, now and then. */
  readonly onProgress?: (progress: { readonly rows: number; readonly files: number }) => void;
  readonly signal?: AbortSignal;
}

/** The results of an export. */
export interface ExportReport extends BackupReport {
  readonly file: string;
}

/**
 * Exports one tenant to a file, or into a folder that gets a new file: its rows as of one moment and in an order that is
 * the same each time, its files, checksums and a manifest. The file has its name only when it is complete and on the disk.
 * @throws TenantNotFoundError, SchemaMissingError, PlainError for a target that is no file; errors of the database and the
 * disk
 */
export async function exportTenant(
  owner: ConnectionSettings,
  schema: string,
  target: string,
  options: ExportOptions,
): Promise<ExportReport> {
  const file = targetFile(target, schema, new Date());
  return { file, ...(await writeTenant(owner, schema, await fileSink(file), options)) };
}

/** Writes one tenant, as `exportTenant` does, to any sink. @throws as exportTenant */
export async function writeTenant(
  owner: ConnectionSettings,
  schema: string,
  sink: ByteSink,
  { onProgress, ...options }: ExportOptions,
): Promise<BackupReport> {
  let [rows, files] = [0, 0];
  reached('export', 'rows', 'before');
  const watched: ByteSink = {
    write: (bytes) => sink.write(bytes),
    discard: () => sink.discard(),
    async finish() {
      reached('export', 'end', 'before');
      await sink.finish();
      reached('export', 'end', 'after');
    },
  };
  return await writeBackup(owner, watched, {
    ...options,
    schema,
    isOrdered: true,
    onProgress: (progress) => {
      rows = progress.rows;
      reached('export', 'rows', 'during');
      onProgress?.({ rows, files });
    },
    onFiles: (written) => {
      files = written;
      reached('export', 'files', 'during');
      onProgress?.({ rows, files });
    },
  });
}
