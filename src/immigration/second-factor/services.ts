import type { CurrentUser } from '../../auth/current-user.js';
import type { NewPasskeyAnswer, PasskeyAnswer } from '../../auth/passkeys.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import type { GivenAssertion, GivenRegistration, PasskeyOutput } from './schemas.js';
import { readPasskey } from './selectors.js';

/** Renames one of the user's own passkeys. @throws HttpError 404, 400 */
export async function renamePasskey(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<{ readonly name?: string }>,
): Promise<Pending<PasskeyOutput>> {
  const [found] = await transaction.query(sql<{ id: number }>`
    SELECT id FROM passkey WHERE id = ${id} AND user_id = ${user.id} FOR NO KEY UPDATE`);
  if (!found) throw notFound('Passkey');
  const { name } = body.read();
  if (name !== undefined) transaction.send(sql`UPDATE passkey SET name = ${name} WHERE id = ${id}`);
  return readPasskey(transaction, user, id);
}

/** Returns a passkey's answer in the form that is checked: with nothing but what the check reads. */
export function assertionIn({ id, rawId, type, response }: GivenAssertion): PasskeyAnswer {
  const { userHandle, ...signed } = response;
  return {
    id,
    rawId,
    type: type as 'public-key',
    response: { ...signed, ...(userHandle && { userHandle }) },
    clientExtensionResults: {},
  };
}

/** Returns a new passkey in the form that is checked. */
export function registrationIn({ id, rawId, type, response }: GivenRegistration): NewPasskeyAnswer {
  const { clientDataJSON, attestationObject, transports = [] } = response;
  return {
    id,
    rawId,
    type: type as 'public-key',
    response: { clientDataJSON, attestationObject, transports: transports as [] },
    clientExtensionResults: {},
  };
}
