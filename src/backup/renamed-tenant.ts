import type { SealedSecrets } from '../auth/sealed-secrets.js';
import type { OwnerClient } from '../database/owner.js';
import { resealSecrets } from '../provisioning/reseal-secrets.js';

/** A tenant that gets another schema. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
  readonly secrets: SealedSecrets;
}

/**
 * Adapts a tenant that was restored under another name, in the transaction of the restore: it sends nothing to the
 * outside, since the tenant that it was does so, and the secrets of second factors are sealed for the new name.
 * @returns number of secrets that none of the program's keys opens
 */
export async function adaptRenamed(client: OwnerClient, renaming: Renaming): Promise<number> {
  await silence(client, renaming.to);
  return await bindToName(client, renaming);
}

/** Switches off all that a tenant sends to the outside, in a transaction whose search path is its schema. */
export async function silence(client: OwnerClient, schema: string): Promise<void> {
  await client.query(`
    UPDATE webhook_endpoint SET is_active = false, disabled_reason = 'restored under another name' WHERE is_active;
    UPDATE delivery SET status = 'CANCELLED' WHERE status IN ('PENDING', 'HELD')`);
  await client.query(
    `UPDATE public.tenants_tenant SET settings = jsonb_set(settings, '{email,enabled}', 'false')
     WHERE schema_name = $1 AND jsonb_typeof(settings -> 'email') = 'object'`,
    [schema],
  );
}

/**
 * Binds what a tenant's rows hold of its schema's name to another one, in a transaction whose search path is its schema.
 * @returns number of secrets that none of the program's keys opens
 */
export async function bindToName(client: OwnerClient, { from, to, secrets }: Renaming): Promise<number> {
  await client.query('UPDATE immigration_event SET tenant_schema = $2 WHERE tenant_schema = $1', [from, to]);
  return await resealSecrets(client, { from, to, secrets });
}
