import type { ConnectionSettings } from '../../src/config/config.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';

/** Starts a PostgreSQL server of one's own, empty; `admin` is its superuser. To be stopped by whoever starts it. */
export async function startPostgres(): Promise<{
  admin: ConnectionSettings;
  pid: number;
  stop(): Promise<void>;
}> {
  return await startTemporaryServer();
}
