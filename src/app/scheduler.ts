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
import { cellsJob } from './cells-job.js';
import { JOBS } from './jobs.js';

export interface RunningScheduler {
  /** Ends running jobs in order and closes every connection. */
  close(): Promise<void>;
}

interface SchedulerCells {
  readonly cell?: RunningCell | undefined;
  readonly further?: readonly RunningCell[];
}

/**
 * Starts to run scheduled jobs. Never fails: it waits for a database that is unreachable.
 * @param cells the further cell whose database this is or, for the catalogue's own database, all further cells
 */
export function startScheduler(
  config: Config,
  handle: DatabaseHandle,
  metrics?: Metrics,
  { cell, further = [] }: SchedulerCells = {},
): RunningScheduler {
  const log = openLog(config.logLevel);
  const database = new Database(handle.app, { size: POOL_SIZES.scheduler, gate: cell?.gate });
  metrics?.watchPool('scheduler', database, cell?.name);
  const onError = (message: string) => log.error({ cell: cell?.name }, message);
  const cells = further.map((one) => ({
    ...one,
    database: new Database(one.handle.app, { size: 1, gate: one.gate }),
  }));
  if (config.backups.directory !== null && !cell) {
    metrics?.watchBackups(async () => {
      const { stateOfAllBackups } = await import('../backup/scheduled-backups.js');
      return await stateOfAllBackups(database, config, cells);
    });
  }
  const jobs = [
    ...JOBS,
    ...backupsJob(config, handle.owner, cell?.name),
    movesJob(handle.owner),
    ...(cell ? [] : deletedTenantsJob(config.mediaDirectory, handle)),
    ...cellsJob(handle, cells),
  ];
  const scheduler = new Scheduler({ database, settings: config, jobs, onError });
  scheduler.start();
  return {
    async close() {
      await scheduler.stop();
      await Promise.all([database, ...cells.map((one) => one.database)].map((pool) => pool.close()));
    },
  };
}
