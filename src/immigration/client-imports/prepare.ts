import type { ConnectionSettings } from '../../config/config.js';
import { CHANNELS } from '../../database/channels.js';
import { Database } from '../../database/database.js';
import type { Listener } from '../../database/listener.js';
import { importLoop } from './runner.js';

/** The channel on which a trigger of `client_import` announces waiting work. */
/** Number of connections: one part at a time. */
const CONNECTIONS = 1;

export interface RunningImports {
  /** Starts the work. Call it after the listener has started. */
  start(): void;
  /** Finishes the current part, closes every connection. */
  close(): Promise<void>;
}

/** Prepares the imports of all tenants, over a database connection of its own. Call it before the listener starts. */
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
