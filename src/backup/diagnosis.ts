import type { DatabaseHandle } from '../database/connections.js';
import type { Finding } from '../database/finding.js';
import { withOwner } from '../database/owner.js';
import { unfinishedRestore } from './restore-target.js';

/** Returns what is wrong with backups; nothing where all is well. */
export async function diagnoseBackups({ owner }: Pick<DatabaseHandle, 'owner'>): Promise<Finding[]> {
  const unfinished = owner && (await withOwner(owner, unfinishedRestore));
  if (!unfinished) return [];
  const text = `the restore of a backup began at ${unfinished.startedAt} and did not end, so that tenants may be missing; run it again: leopard restore`;
  return [{ check: 'backups', status: 'problem', text }];
}
