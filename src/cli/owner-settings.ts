import type { ConnectionSettings } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { CliError } from './cli-error.js';

/**
 * Returns the owner's connection settings, for commands that change more than rows.
 * @throws CliError when they are not given
 */
export function ownerSettings(handle: DatabaseHandle): ConnectionSettings {
  if (handle.owner) return handle.owner;
  throw new CliError(
    "this command needs the database owner's rights; set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL)",
  );
}
