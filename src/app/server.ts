import { setTimeout as sleep } from 'node:timers/promises';
import { MAIN_CELL } from '../config/cell-settings.js';
import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { Listener } from '../database/listener.js';
import { openReplica } from '../database/open-replica.js';
import type { Door } from '../http/door.js';
import type { Metrics } from '../metrics/metrics.js';
import { Lifecycle } from '../platform/lifecycle.js';
import { buildApp } from './app.js';
import { openAppCells, type RunningCell } from './cells.js';
import { newDoor } from './new-door.js';

export interface RunningServer {
  /** The address on which it listens, such as `http://127.0.0.1:8000` or `unix:/run/leopard/api.sock`. */
  readonly address: string;
  /**
   * Goes on for a while, so that balancers see that it is not ready; then takes no new connections, asks streams to
   * reconnect elsewhere, finishes requests under way and closes everything.
   * @param isQuick whether it does not wait for balancers and proxies to notice
   */
  close(isQuick?: boolean): Promise<void>;
}

/** Time for which idle connections are kept, so that proxies give them up first: deployment/nginx does after 4 s. */
const IDLE_FOR_MS = 5_000;
/** Time for which streams wait for what they are still owed. */
const STREAMS_LEAVE_WITHIN_MS = 3_000;

/**
 * Starts the application and lets it answer at the door, which it opens if need be.
 * @param place the door and the phase of the process, where they are older than the server
 * @param further the further cells
 */
export async function startServer(
  config: Config,
  handle: DatabaseHandle,
  metrics?: Metrics,
  place?: { readonly door: Door; readonly lifecycle: Lifecycle },
  further: readonly RunningCell[] = [],
): Promise<RunningServer> {
  const lifecycle = place?.lifecycle ?? new Lifecycle();
  const door = place?.door ?? newDoor(config, lifecycle);
  const listener = new Listener(handle.direct ?? handle.app);
  const cells = further.length > 0 ? openAppCells(config, further, listener, metrics) : undefined;
  const database = new Database(handle.app, {
    size: config.poolSize,
    sharedByAgencies: true,
    cells: cells?.databases,
    notesChanges: handle.replica !== undefined,
  });
  const replica = openReplica(database, handle, config.replicas);
  if (replica) metrics?.watchReplica(MAIN_CELL, replica);
  const close = async () => {
    await listener.close();
    await cells?.close();
    await database.close();
  };
  try {
    const app = await buildApp({ config, database, listener, cells, metrics, door, lifecycle });
    cells?.listeners.start();
    await listener.start();
    door.handOver(app.answer);
    const address = await door.open();
    lifecycle.running();
    // A connection that the system cannot accept, for example for lack of descriptors, must not affect others.
    door.server.on('error', (error) => app.server.log.error({ err: error }, 'accepting a connection'));
    return {
      address,
      close: async (isQuick = true) => {
        await sleep(isQuick ? 0 : 1000 * config.listen.drain);
        await door.stopListening();
        const late = sleep(STREAMS_LEAVE_WITHIN_MS, undefined, { ref: false });
        await Promise.race([app.leave(), late]);
        await door.finish(1000 * config.listen.finish, isQuick || config.debug ? 0 : IDLE_FOR_MS);
        await app.server.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
