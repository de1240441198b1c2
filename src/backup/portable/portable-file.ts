import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PlainError } from '../../platform/plain-error.js';
import { BackupReader } from '../backup-reader.js';
import { PUBLIC } from '../format.js';
import { newestOf, openBackup } from '../newest-backups.js';

/** A file that holds exactly one tenant, or in which one tenant is chosen. */
export interface PortableFile {
  /** Its absolute path, so that another process finds it too. */
  readonly file: string;
  /** The tenant's schema in it. */
  readonly from: string;
}

/** Finds the tenant in an exported file. @throws PlainError for a file of several; UnreadableBackupError */
export async function tenantIn(path: string): Promise<PortableFile> {
  const file = resolve(path);
  if ((await found(file)).isDirectory())
    throw new PlainError(`${path} is a folder; name the file that leopard tenants export wrote`);
  const reader = await BackupReader.open(openBackup(file));
  try {
    const section = await reader.next();
    const from = section?.begin.scope;
    if (reader.header.of === 'tenant' && from !== undefined && from !== PUBLIC) return { file, from };
    throw new PlainError(
      `${path} holds more than a tenant; restore one of it: leopard restore FILE --schema <tenant> --as <name>`,
    );
  } finally {
    await reader.close();
  }
}

/**
 * Finds the backup or export of a tenant: the file itself, or the newest in a folder of scheduled backups.
 * @throws PlainError where there is none
 */
export async function backupOf(path: string, schema: string): Promise<PortableFile> {
  const file = resolve(path);
  const isFolder = (await found(file)).isDirectory();
  return { file: isFolder ? await newestOf(file, schema) : file, from: schema };
}

async function found(file: string): Promise<Stats> {
  return await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new PlainError(error.code === 'ENOENT' ? `there is no file ${file}` : error.message);
  });
}
