import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { type BackupFile, backupsIn } from './backup-files.js';
import { BackupReader } from './backup-reader.js';
import { PUBLIC, type Scope } from './format.js';
import { TargetError } from './restore-target.js';

/** Opens a backup's file for reading. */
export const openBackup = (file: string): AsyncIterable<Buffer> =>
  createReadStream(file, { highWaterMark: 1 << 20 });

/** The backups from which a platform is restored. */
export interface NewestBackups {
  /** The one of `public` first; or that of the whole platform alone. */
  readonly files: readonly string[];
  /** Tenants that existed at the time of the backup of `public`, and have none. */
  readonly missing: readonly Scope[];
}

/**
 * Returns the newest backup of `public` in a folder and then those of each tenant; or that of the whole platform, if
 * there is nothing else. Tenants that had been deleted before `public` was backed up are left out.
 * @throws TargetError where there is neither
 */
export async function newestOfEach(directory: string): Promise<NewestBackups> {
  const files = await backupsIn(directory);
  const path = ({ name }: BackupFile) => join(directory, name);
  const platform = files.get('platform')?.[0];
  const [shared] = files.get(PUBLIC) ?? [];
  if (!shared && platform) return { files: [path(platform)], missing: [] };
  if (!shared) throw new TargetError(`there is no backup of the shared tables in ${directory}: public-….tar`);
  const tenants = await tenantsAtThatTime(path(shared));
  const chosen = [...files]
    .filter(([scope]) => scope !== PUBLIC && scope !== 'platform')
    .map(([, [newest]]) => newest!)
    .filter(({ scope, at }) => tenants.includes(scope) || at > shared.at);
  return {
    files: [shared, ...chosen].map(path),
    missing: tenants.filter((schema) => !files.has(schema)),
  };
}

async function tenantsAtThatTime(file: string): Promise<readonly Scope[]> {
  const reader = await BackupReader.open(openBackup(file));
  try {
    return (await reader.next())?.begin.tenants ?? [];
  } finally {
    await reader.close();
  }
}

/** Returns the newest backup of a tenant in a folder. @throws TargetError where there is none */
export async function newestOf(directory: string, schema: string): Promise<string> {
  const [newest] = (await backupsIn(directory)).get(schema) ?? [];
  if (newest) return join(directory, newest.name);
  throw new TargetError(`there is no backup of ${schema} in ${directory}; see: leopard backup list`);
}
