import { type SealedSecrets, UnreadableSecretError } from '../auth/sealed-secrets.js';
import { ownerOf } from '../auth/totp-secrets.js';
import type { OwnerClient } from '../database/owner.js';

/** Number of secrets sealed anew at a time. */
const AT_ONCE = 500;

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
  let [last, unreadable] = ['0', 0];
  for (;;) {
    const { rows } = await client.query<{ id: string; userId: string; sealed: Buffer; keyId: string }>(
      `SELECT id, user_id AS "userId", sealed, key_id AS "keyId" FROM totp_secret
       WHERE id > $1 ORDER BY id LIMIT ${AT_ONCE}`,
      [last],
    );
    for (const row of rows) {
      last = row.id;
      const user = Number(row.userId);
      try {
        const secret = secrets.open(row, ownerOf({ schema: from }, user));
        const { sealed, keyId } = secrets.seal(secret, ownerOf({ schema: to }, user));
        await client.query('UPDATE totp_secret SET sealed = $2, key_id = $3 WHERE id = $1', [
          row.id,
          sealed,
          keyId,
        ]);
      } catch (error) {
        if (!(error instanceof UnreadableSecretError)) throw error;
        unreadable++;
      }
    }
    if (rows.length < AT_ONCE) return unreadable;
  }
}
