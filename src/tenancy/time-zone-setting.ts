import type { ConnectionSettings } from '../config.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { PlainError } from '../plain-error.js';
import { TenantNotFoundError } from './new-tenant.js';
import { isTimeZone } from './time-zone.js';

/**
 * Sets the time zone in which a tenant's days begin and its reminders fall due. Running programs hear of it.
 * @param name an IANA name, in any case
 * @returns the name as it is stored
 * @throws PlainError when this program or the database does not know the name; TenantNotFoundError
 */
export async function setTimeZone(owner: ConnectionSettings, schema: string, name: string): Promise<string> {
  return await withOwner(owner, (client) => setTimeZoneOn(client, schema, name));
}

/** The same on a connection that is there, within its transaction if it has one. */
export async function setTimeZoneOn(client: OwnerClient, schema: string, name: string): Promise<string> {
  const { rows: zones } = await client.query<{ name: string }>(
    'SELECT name FROM pg_timezone_names WHERE lower(name) = lower($1)',
    [name],
  );
  const zone = zones[0]?.name;
  if (zone === undefined || !isTimeZone(zone)) {
    throw new PlainError(`${JSON.stringify(name)} is no time zone; use an IANA name such as Asia/Kathmandu`);
  }
  const { rowCount } = await client.query(
    `UPDATE public.tenants_tenant
     SET settings = settings || jsonb_build_object('time_zone', $2::text), updated_at = now()
     WHERE schema_name = $1`,
    [schema, zone],
  );
  if (rowCount === 0) throw new TenantNotFoundError(schema);
  return zone;
}
