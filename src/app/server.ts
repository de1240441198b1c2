import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { Listener } from '../database/listener.js';
import type { Metrics } from '../metrics/metrics.js';
import { buildApp } from './app.js';

export interface RunningServer {
  /** The address on which it listens, such as `http://127.0.0.1:8000`. */
  readonly address: string;
  /** Takes no new work, finishes work in progress, closes every connection. */
  close(): Promise<void>;
}

/** Starts the HTTP server with the API. */
export async function startServer(
  config: Config,
  handle: DatabaseHandle,
  metrics?: Metrics,
): Promise<RunningServer> {
  const database = new Database(handle.app, { size: config.poolSize, sharedByAgencies: true });
  const listener = new Listener(handle.direct ?? handle.app);
  const close = async () => {
    await listener.close();
    await database.close();
  };
  try {
    const { server } = await buildApp({ config, database, listener, metrics });
    await listener.start();
    const address = await server.listen({ host: config.host, port: config.port });
    // A connection that the system cannot accept, for example for lack of descriptors, must not affect others.
    server.server.on('error', (error) => server.log.error({ err: error }, 'accepting a connection'));
    return {
      address,
      close: async () => {
        await server.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
