import { randomBytes, randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionSettings } from '../config/config.js';
import { PlainError } from '../platform/plain-error.js';
import { backupsIn } from './backup-files.js';
import { checkBackup } from './check-backup.js';
import type { Scope } from './format.js';
import { openBackup } from './newest-backups.js';
import { restoreBackup } from './restore-backup.js';

/** The results of a verification. */
export interface VerifiedBackup {
  readonly file: string;
  /** The tenant that was restored; null for a backup of `public` alone, whose rows were only compared. */
  readonly restored: Scope | null;
  /** ISO 8601, UTC. */
  readonly snapshotAt: string;
  readonly rows: number;
  readonly files: number;
}

/**
 * Verifies a backup, chosen at random where a folder is given: reads all of it and compares its checksums, then
 * restores one tenant of it, chosen at random, under a name that no tenant has, and compares every table. The restore
 * is one transaction that is rolled back: nobody sees the tenant, nothing of it is sent, and a process that is killed
 * leaves nothing.
 * @throws PlainError where there is no backup; UnreadableBackupError, OtherVersionError, database errors
 */
export async function verifyBackup(
  owner: ConnectionSettings,
  appUser: string,
  path: string,
): Promise<VerifiedBackup> {
  const file = (await isFolder(path)) ? await anyBackup(path) : path;
  const { sections } = await checkBackup(openBackup(file));
  const tenants = sections.filter(({ scope }) => scope !== 'public');
  const chosen = tenants[randomInt(Math.max(tenants.length, 1))];
  const total = (count: (section: (typeof sections)[number]) => number) =>
    sections.reduce((sum, section) => sum + count(section), 0);
  const checked = {
    file,
    snapshotAt: sections.at(-1)?.snapshotAt ?? '',
    rows: total(({ rows }) => rows),
    files: total(({ files }) => files ?? 0),
  };
  if (!chosen) return { ...checked, restored: null };
  const scratch = `tenant_verify_${randomBytes(6).toString('hex')}`;
  const wanted = { schema: chosen.scope, as: { schema: scratch, domains: [] } };
  const options = { mediaDirectory: null, rehearses: true };
  await restoreBackup(owner, appUser, openBackup(file), wanted, options);
  return { ...checked, snapshotAt: chosen.snapshotAt, restored: chosen.scope };
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new PlainError(error.code === 'ENOENT' ? `there is no backup ${path}` : error.message);
  });
  return found.isDirectory();
}

async function anyBackup(directory: string): Promise<string> {
  const names = [...(await backupsIn(directory)).values()].flat().map(({ name }) => name);
  if (names.length === 0) throw new PlainError(`there is no backup in ${directory}`);
  return join(directory, names[randomInt(names.length)]!);
}
