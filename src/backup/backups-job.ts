import type { ConnectionSettings } from '../config/config.js';
import type { Job } from '../jobs/job.js';
import type { ScheduledBackupSettings } from './scheduled-backups.js';

/** Seconds from one look for due backups to the next. */
const EVERY = 300;
/** Milliseconds after which a run leaves the rest to the next. */
const TURN_MS = 240_000;

/**
 * Returns the job that makes scheduled backups; none without a folder for them, or without the owner's settings: then
 * `leopard backup due` makes them. It reads on a connection of its own, so that other jobs have theirs meanwhile.
 * @param cell the further cell whose database this is, if it is one
 */
export function backupsJob(
  settings: ScheduledBackupSettings,
  owner: ConnectionSettings | null,
  cell?: string,
): readonly Job[] {
  if (settings.backups.directory === null || owner === null) return [];
  const job: Job = {
    name: 'backups',
    summary: 'backs up each agency whose newest backup is older than BACKUP_EVERY_HOURS',
    every: EVERY,
    async run({ signal }) {
      const { backupsOfCell, makeDueBackups } = await import('./scheduled-backups.js');
      const own = cell === undefined ? settings : backupsOfCell(settings, cell);
      const { done, failures } = await makeDueBackups(owner, own, { signal, turn: TURN_MS });
      return {
        done: done.length,
        tenants: done.map((schema) => ({ schema, done: 1 })),
        failures: failures.map(({ scope, error }) => ({ schema: scope, error: error.message })),
      };
    },
  };
  return [job];
}
