import type { ConnectionSettings } from '../config/config.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import { timeZoneNamed } from './time-zone.js';
import { writeSetting } from './write-setting.js';

/**
 * Sets the time zone in which a tenant's days begin and its reminders fall due. Running programs are notified.
 * @param name an IANA name, in any case
 * @returns the name as it is stored
 * @throws PlainError unless the program and the database both know the name and read it alike; TenantNotFoundError
 */
export async function setTimeZone(owner: ConnectionSettings, schema: string, name: string): Promise<string> {
  return await withOwner(owner, (client) => setTimeZoneOn(client, schema, name));
}

/** Sets the time zone on an existing connection, within its transaction if there is one. */
export async function setTimeZoneOn(client: OwnerClient, schema: string, name: string): Promise<string> {
  const zone = timeZoneNamed(name.trim());
  const { rowCount: known } = await client.query('SELECT FROM pg_timezone_names WHERE name = $1', [zone]);
  if (zone === null || known === 0) {
    throw new PlainError(`${JSON.stringify(name)} is no time zone; use an IANA name such as Asia/Kathmandu`);
  }
  await writeSetting(client, schema, 'time_zone', zone);
  return zone;
}
