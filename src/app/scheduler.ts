import { backupsJob } from '../backup/backups-job.js';
import type { Config } from '../config/config.js';
import { POOL_SIZES } from '../config/pool-sizes.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { Scheduler } from '../jobs/scheduler.js';
import type { Metrics } from '../metrics/metrics.js';
import { movesJob } from '../moving/moves-job.js';
import { openLog } from '../platform/log.js';
import { deletedTenantsJob } from '../provisioning/deleted-tenants-job.js';
import type { RunningCell } from './cells.js';
import { JOBS } from './jobs.js';

export interface RunningScheduler {
  /** Ends running jobs in order and closes every connection. */
  close(): Promise<void>;
}

/**
 * Starts to run scheduled jobs. Never fails: it waits for a database that is unreachable.
 * @param cell the further cell whose database this is; the catalogue's own if not given
 */
export function startScheduler(
  config: Config,
  handle: DatabaseHandle,
  metrics?: Metrics,
  cell?: RunningCell,
): RunningScheduler {
  const log = openLog(config.logLevel);
  const database = new Database(handle.app, { size: POOL_SIZES.scheduler, gate: cell?.gate });
  metrics?.watchPool('scheduler', database, cell?.name);
  if (config.backups.directory !== null && !cell) {
    metrics?.watchBackups(async () => {
      const { backupState } = await import('../backup/scheduled-backups.js');
      return await backupState(database, config.backups);
    });
  }
  const onError = (message: string) => log.error({ cell: cell?.name }, message);
  const jobs = [
    ...JOBS,
    ...backupsJob(config, handle.owner),
    movesJob(handle.owner),
    ...(cell ? [] : deletedTenantsJob(config.mediaDirectory, handle)),
  ];
  const scheduler = new Scheduler({ database, settings: config, jobs, onError });
  scheduler.start();
  return {
    async close() {
      await scheduler.stop();
      await database.close();
    },
  };
}
