import type { ConnectionSettings } from '../../src/config/config.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';

/** Starts an empty PostgreSQL server; `admin` is its superuser. The caller must stop it. */
export async function startPostgres(): Promise<{
  admin: ConnectionSettings;
  pid: number;
  stop(): Promise<void>;
}> {
  return await startTemporaryServer();
}
