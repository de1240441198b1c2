import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from './format.js';

/** Returns the name of a backup's file: its subject and the time at which it was begun, in UTC. */
function backupFileName(subject: Scope | 'platform', at: Date): string {
  const stamp = at.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${subject}-${stamp}.tar`;
}

/** Returns the file for a backup that is to be written to a file or into a folder. */
export function targetFile(path: string, schema: string | null, at: Date): string {
  const isFolder = path.endsWith('/') || (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
  return isFolder ? join(path, backupFileName(schema ?? 'platform', at)) : path;
}
