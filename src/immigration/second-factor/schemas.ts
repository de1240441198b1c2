import { type Static, Type } from '@sinclair/typebox';
import { LONGEST_PASSWORD } from '../../auth/passwords.js';
import { TokenPair } from '../../auth/token-pair.js';
import { component } from '../../http/component.js';
import { body } from '../../http/fields/body.js';
import { type Field, nullable, nullableSchema, required } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { nested } from '../../http/fields/nested.js';
import { text } from '../../http/fields/text.js';
import { idOutput, timeOutput } from '../shared/output.js';

const LONGEST_CHALLENGE = 100;
const LONGEST_CODE = 50;
const LONGEST_NAME = 100;
/** The name of a passkey to which its user gives none. */
export const USUAL_NAME = 'Passkey';
/** Maximum number of characters of what an authenticator makes; without certificates it makes less than a thousand. */
const LONGEST_PART = 4_000;
const MOST_TRANSPORTS = 10;

const part = () => required(text({ min: 1, max: LONGEST_PART }));
const challenge = required(text({ min: 1, max: LONGEST_CHALLENGE }));
const code = text({ min: 1, max: LONGEST_CODE, writeOnly: true });
const name = text({ min: 1, max: LONGEST_NAME });

const credential = { id: part(), rawId: part(), type: part() };

/** A browser's answer to a request for a passkey: `PublicKeyCredential.toJSON()`. */
const assertion = nested('PasskeyAssertionRequest', {
  ...credential,
  response: required(
    nested('PasskeyAssertionResponseRequest', {
      clientDataJSON: part(),
      authenticatorData: part(),
      signature: part(),
      userHandle: nullable(text({ max: LONGEST_PART })),
    }),
  ),
});
const registration = nested('PasskeyRegistrationRequest', {
  ...credential,
  response: required(
    nested('PasskeyRegistrationResponseRequest', {
      clientDataJSON: part(),
      attestationObject: part(),
      transports: list(text({ max: 20 }), { max: MOST_TRANSPORTS }),
    }),
  ),
});
type Parsed<F> = F extends Field<infer T, boolean> ? T : never;
export type GivenAssertion = Parsed<typeof assertion>;
export type GivenRegistration = Parsed<typeof registration>;

export const SecondFactorLogIn = body('SecondFactorLogInRequest', { challenge, code, passkey: assertion });
export const PasskeyLogIn = body('PasskeyLogInRequest', { passkey: required(assertion) });
export const EnrolmentChallenge = body('SecondFactorEnrolmentRequest', { challenge });
export const EnrolmentCode = body('TotpEnrolmentRequest', { challenge, code: required(code) });
export const EnrolmentPasskey = body('PasskeyEnrolmentRequest', {
  challenge,
  name,
  passkey: required(registration),
});

const proof = {
  /** One of the two proves that the session is still its owner's. */
  password: text({ min: 1, max: LONGEST_PASSWORD, keepSpaces: true, writeOnly: true }),
  code,
};
export const Proof = body('SecondFactorProofRequest', proof);
export const TotpCode = body('TotpConfirmRequest', { code: required(code) });
export const NewPasskeyBody = body('PasskeyRequest', { name, passkey: required(registration) });
export const PasskeyPatch = body('PatchedPasskeyRequest', { name });

const recoveryCodes = Type.Array(Type.String(), {
  description: 'shown this once; each replaces the second factor one time',
});

export const NewTotpOutput = component(
  'NewTotp',
  Type.Object({
    secret: Type.String({ description: 'Base32, for typing it in' }),
    uri: Type.String({ description: '`otpauth://…`, for a QR code' }),
  }),
);
export const RecoveryCodes = component('RecoveryCodes', Type.Object({ recovery_codes: recoveryCodes }));
export const NewFactor = component(
  'NewSecondFactor',
  Type.Object({
    recovery_codes: nullableSchema(recoveryCodes),
  }),
);
export const EnrolledLogInOutput = component(
  'EnrolledLogIn',
  Type.Object({ ...TokenPair.properties, recovery_codes: recoveryCodes }),
);
/** Options for `navigator.credentials`, whose form the WebAuthn specification defines. */
export const PasskeyOptionsOutput = component(
  'PasskeyOptions',
  Type.Object({ challenge: Type.String() }, { additionalProperties: true }),
);

export const PasskeyOutput = component(
  'Passkey',
  Type.Object({
    id: idOutput(),
    name: Type.String({ maxLength: LONGEST_NAME }),
    host: Type.String({ readOnly: true, description: 'the host of the pages on which it works' }),
    created_at: timeOutput(),
    last_used_at: nullableSchema(timeOutput()),
  }),
);
export type PasskeyOutput = Static<typeof PasskeyOutput>;
