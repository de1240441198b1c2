import { type SealedSecrets, UnreadableSecretError } from '../auth/sealed-secrets.js';
import { ownerOf } from '../auth/totp-secrets.js';
import type { OwnerClient } from '../database/owner.js';

/** Number of secrets sealed anew at a time. */
const AT_ONCE = 500;

/**
 * Seals the secrets of second factors for another schema's name, in the caller's transaction, whose search_path must be the
 * tenant's schema.
 * @returns number of secrets that none of the program's keys opens; they stay as they are
 */
export async function resealSecrets(
  client: OwnerClient,
  { from, to, secrets }: { readonly from: string; readonly to: string; readonly secrets: SealedSecrets },
): Promise<number> {
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
