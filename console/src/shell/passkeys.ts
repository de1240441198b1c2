import type { Schemas } from 'leopard-client';

/** Returns whether this browser has passkeys, which it has on pages with https only. */
export const hasPasskeys = () =>
  typeof PublicKeyCredential === 'function' &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

/** Asks the browser for the answer of a passkey. @throws DOMException when the user or the browser refuses */
export async function answerByPasskey(
  options: Schemas['PasskeyOptions'],
): Promise<Schemas['PasskeyAssertionRequest']> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  return credential.toJSON() as Schemas['PasskeyAssertionRequest'];
}

/** Has the browser make a passkey. @throws DOMException when the user or the browser refuses */
export async function makePasskey(
  options: Schemas['PasskeyOptions'],
): Promise<Schemas['PasskeyRegistrationRequest']> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  return credential.toJSON() as Schemas['PasskeyRegistrationRequest'];
}
