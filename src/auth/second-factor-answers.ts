import { detailError, HttpError, invalidField, unauthorized } from '../http/errors.js';
import type { PasskeyOptions } from './passkeys.js';

/** A way of showing that one has the second factor. */
export type FactorMethod = 'totp' | 'passkey' | 'recovery_code';

/** Thrown by a log-in whose password is right, and which goes on with the second factor. */
export class SecondFactorRequiredError extends HttpError {
  constructor(
    readonly userId: number,
    readonly challenge: string,
    methods: readonly FactorMethod[],
    passkey?: PasskeyOptions,
  ) {
    const { body, headers } = unauthorized('Enter the code of your authenticator app, or use your passkey.', {
      code: 'second_factor_required',
      challenge,
      methods,
      ...(passkey && { passkey }),
    });
    super(401, body, headers);
  }
}

/** Returns the answer to a log-in for which the agency requires a second factor that the user has yet to set up. */
export function enrolmentRequired(challenge: string): HttpError {
  return unauthorized('Your agency requires a second factor. Set up an authenticator app or a passkey.', {
    code: 'second_factor_enrolment_required',
    challenge,
    methods: ['totp', 'passkey'],
  });
}

/** Returns the answer to a challenge that is of no use: invented, expired, used, or somebody else's. */
export function invalidChallenge(): HttpError {
  return unauthorized('This log-in has expired. Please log in again.', {
    code: 'second_factor_challenge_invalid',
  });
}

/** Returns the answer to a wrong code, or a passkey that proves nothing; the challenge stays good. */
export function wrongFactor(): HttpError {
  return unauthorized('The code or passkey is not valid.', { code: 'second_factor_invalid' });
}

/** Returns the answer to a request that must come from a web page of the agency. */
export function noPasskeySite(): HttpError {
  return detailError(400, "Passkeys are used on pages of the agency's front end.");
}

/** Returns the answer to a code whose secret was sealed with a key that the program no longer has. */
export function unreadableSecret(): HttpError {
  return invalidField(
    'code',
    'Codes of this authenticator app can no longer be checked. Use a recovery code or a passkey, or ask for a reset.',
  );
}
