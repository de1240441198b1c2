import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PlainError } from '../platform/plain-error.js';
import type { Scope } from './format.js';

/** Returns the name of a backup's file: its subject and the time at which it was begun, in UTC. */
export function backupFileName(subject: Scope | 'platform', at: Date): string {
  const stamp = at.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${subject}-${stamp}.tar`;
}

/**
 * Returns the file for a backup that is to be written to a file or into a folder.
 * @throws PlainError for a device or a pipe, which the complete backup would replace
 */
export function targetFile(path: string, schema: string | null, at: Date): string {
  const found = statSync(path, { throwIfNoEntry: false });
  const isFolder = path.endsWith('/') || (found?.isDirectory() ?? false);
  if (found && !isFolder && !found.isFile())
    throw new PlainError(`${path} is neither a file nor a folder; to pass the backup on, use --to -`);
  return isFolder ? join(path, backupFileName(schema ?? 'platform', at)) : path;
}

const NAME = /^(?<scope>platform|public|tenant_[a-z][a-z0-9_]{0,55})-(?<stamp>\d{8}T\d{6}Z)\.tar$/;

export interface BackupFile {
  readonly name: string;
  readonly scope: Scope | 'platform';
  readonly at: Date;
}

/** Returns what the name of a backup's file says; null for any other name. */
function parseFileName(name: string): BackupFile | null {
  const { scope, stamp } = NAME.exec(name)?.groups ?? {};
  if (!scope || !stamp) return null;
  const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? null : { name, scope, at };
}

/** Returns the backups in a folder by their scope, the newest first. @throws the system's error */
export async function backupsIn(directory: string): Promise<Map<string, BackupFile[]>> {
  const files = new Map<string, BackupFile[]>();
  const found = (await readdir(directory)).map(parseFileName).filter((file) => file !== null);
  found.sort((a, b) => b.at.getTime() - a.at.getTime());
  for (const file of found) files.set(file.scope, [...(files.get(file.scope) ?? []), file]);
  return files;
}
