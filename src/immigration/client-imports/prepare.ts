import type { ConnectionSettings } from '../../config/config.js';
import { CHANNELS } from '../../database/channels.js';
import { Database } from '../../database/database.js';
import type { Listener } from '../../database/listener.js';
import { importLoop } from './runner.js';

/** Work is waiting (a trigger of `client_import` tells). */
/** One part at a time. */
const CONNECTIONS = 1;

export interface RunningImports {
  /** Begins to work; to be called once the listener has started. */
  start(): void;
  /** Finishes the part in hand, closes every connection. */
  close(): Promise<void>;
}

/** What does the tenants' imports, over a database connection of its own. To be made before the listener starts. */
export function prepareImports(
  app: ConnectionSettings,
  listener: Pick<Listener, 'on'>,
  log: { error(data: object, message: string): void },
): RunningImports {
  const database = new Database(app, { size: CONNECTIONS });
  const loop = importLoop(database, {
    onError: (schema, error) => log.error({ err: error, schema }, 'importing clients'),
  });
  listener.on(CHANNELS.dueImports, () => loop.wake());
  return {
    start: () => loop.start(),
    async close() {
      await loop.stop();
      await database.close();
    },
  };
}
