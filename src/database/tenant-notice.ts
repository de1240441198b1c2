import type { OwnerClient } from './owner.js';

/** Tells running programs, when the transaction commits, to read anew what they keep of a tenant. */
export async function tellOfTenant(client: OwnerClient, schema: string): Promise<void> {
  await client.query("SELECT pg_catalog.pg_notify('leopard_tenants', $1)", [schema]);
}
