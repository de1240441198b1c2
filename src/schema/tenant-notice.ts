import { CHANNELS } from '../database/channels.js';
import type { OwnerClient } from '../database/owner.js';

/** Notifies running programs, at commit, to reload what they cache of a tenant. */
export async function tellOfTenant(client: OwnerClient, schema: string): Promise<void> {
  await client.query('SELECT pg_catalog.pg_notify($1, $2)', [CHANNELS.tenants, schema]);
}
