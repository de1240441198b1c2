import type { Config } from '../config/config.js';
import { POOL_SIZES } from '../config/pool-sizes.js';
import { CHANNELS } from '../database/channels.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { Listener } from '../database/listener.js';
import { importLoop } from '../immigration/client-imports/import-loop.js';
import { openLog } from '../platform/log.js';
import type { RunningCell } from './cells.js';

export interface RunningImports {
  /** Begins no further part, finishes the one in progress, closes every connection. */
  close(): Promise<void>;
}

/**
 * Starts to import clients. Never fails: it waits for a database that is unreachable.
 * @param cell the further cell whose database this is; the catalogue's own if not given
 */
export async function startImports(
  config: Config,
  handle: DatabaseHandle,
  cell?: RunningCell,
): Promise<RunningImports> {
  const log = openLog(config.logLevel);
  const database = new Database(handle.app, {
    size: POOL_SIZES.imports,
    gate: cell?.gate,
    notesChanges: handle.replica !== undefined,
  });
  const listener = new Listener(handle.direct ?? handle.app);
  const loop = importLoop(database, {
    onError: (schema, error) =>
      log.error({ err: error, tenant: schema ?? undefined, cell: cell?.name }, 'importing clients'),
  });
  listener.on(CHANNELS.dueImports, () => loop.wake());
  if (cell)
    void listener.start(); // nobody waits for one cell
  else await listener.start();
  loop.start();
  return {
    async close() {
      await loop.stop();
      await listener.close();
      await database.close();
    },
  };
}
