import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { POOL_SIZES } from '../config/pool-sizes.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { Listener } from '../database/listener.js';
import { startDeliveries } from '../deliveries/start.js';
import { EVENTS } from '../events/config.js';
import { Dispatcher } from '../events/worker/dispatcher.js';
import type { Metrics } from '../metrics/metrics.js';
import { openLog } from '../platform/log.js';
import type { RunningCell } from './cells.js';

export interface RunningWorker {
  /** Takes no new events, finishes those in progress, closes every connection. */
  close(): Promise<void>;
}

const CLOSES_WITHIN_MS = 2_000;

/**
 * Starts to handle domain events, and to send the deliveries that result. Never fails: it waits for a database that is
 * unreachable.
 * @param cell the further cell whose database this is; the catalogue's own if not given
 */
export async function startWorker(
  config: Config,
  handle: DatabaseHandle,
  metrics?: Metrics,
  cell?: RunningCell,
): Promise<RunningWorker> {
  const gate = cell?.gate;
  const log = openLog(config.logLevel);
  const database = new Database(handle.app, {
    size: POOL_SIZES.worker(config.workerConcurrency),
    gate,
    notesChanges: handle.replica !== undefined,
  });
  metrics?.watchPool('worker', database, cell?.name);
  const listener = new Listener(handle.direct ?? handle.app);
  const dispatcher = new Dispatcher(database, listener, EVENTS, {
    concurrency: config.workerConcurrency,
    log: (message, error, tenant) => log.error({ err: error, tenant, cell: cell?.name }, message),
    ...(metrics && { onHandled: metrics.events.onHandled }),
  });
  if (cell)
    void listener.start(); // nobody waits for one cell
  else await listener.start();
  dispatcher.start();
  const onError = (error: unknown) => log.error({ err: error, cell: cell?.name }, 'sending');
  const deliveries = startDeliveries(config, handle.app, onError, gate);
  return {
    async close() {
      const sent = deliveries.close(); // concurrently with the rest: a receiver may take its time
      const finished = await dispatcher.stop();
      await listener.close();
      // A batch that does not end keeps its connection, which ends with the process and is rolled back.
      if (finished) await database.close();
      else await Promise.race([database.close(), sleep(CLOSES_WITHIN_MS, undefined, { ref: false })]);
      await sent;
    },
  };
}
