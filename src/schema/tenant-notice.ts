import type { OwnerClient } from '../database/owner.js';

/** Notifies running programs, at commit, to reload what they cache of a tenant. */
export async function tellOfTenant(client: OwnerClient, schema: string): Promise<void> {
  await client.query("SELECT pg_catalog.pg_notify('leopard_tenants', $1)", [schema]);
}
