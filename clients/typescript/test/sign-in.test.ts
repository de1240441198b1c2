import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Authenticator } from '../../../test/auth/authenticator.js';
import { addPasskey, clearFactors, codeOf, setUpTotp } from '../../../test/auth/factors.js';
import { PASSWORD } from '../../../test/helpers/app.js';
import { idOf } from '../../../test/helpers/staff.js';
import type { ApiError, ChallengeError } from '../src/index.js';
import { type Agency, type Client, dataOf, errorOf, startAgency } from './agency.js';

let agency: Agency;
let admin: Client;
beforeAll(async () => {
  agency = await startAgency();
  admin = await agency.signedIn();
}, 240_000);
afterAll(() => agency?.close());
beforeEach(() => clearFactors(agency.app));

/** A page of the agency. */
const ORIGIN = 'http://main-immigrate.localhost:5173';
/** Adds what a browser sends of its own accord. */
const fromPage: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('origin', ORIGIN);
  return fetch(input, { ...init, headers });
};
const PROFILE = '/api/v1/users/profile/';

/** Returns the challenge of a log-in. */
function challengeOf<C extends ChallengeError['code']>(error: ApiError, code: C) {
  if (error.kind !== 'challenge' || error.code !== code) throw new Error(JSON.stringify(error));
  return error as Extract<ChallengeError, { code: C }>;
}

describe('a second factor', () => {
  const credentials = { username: 'branch1', password: PASSWORD };

  test('is a typed outcome of the log-in, which goes on with a code', async () => {
    const { secret, recovery } = await setUpTotp(agency.app, await agency.app.logIn('branch1'));
    const client = agency.client();
    const asked = errorOf(await client.session.logIn(credentials));
    const { challenge, methods, passkey } = challengeOf(asked, 'second_factor_required');
    expect([methods, passkey]).toEqual([['totp', 'recovery_code'], null]);
    expect(await client.session.user()).toBeNull();
    expect(errorOf(await client.session.answerChallenge(challenge, { code: '000000' }))).toMatchObject({
      kind: 'detail',
      code: 'second_factor_invalid',
    });
    const user = dataOf(await client.session.answerChallenge(challenge, { code: codeOf(secret) }));
    expect(user.username).toBe('branch1');
    dataOf(await client.get(PROFILE));
    // Or all at once.
    dataOf(await client.session.logIn({ ...credentials, code: recovery[0] }));
  });

  test('by a passkey, and by a passkey alone', async () => {
    const token = await agency.app.logIn('consultant1');
    const { passkey } = await addPasskey(agency.app, token, ORIGIN);
    const client = agency.client({ fetch: fromPage });
    const asked = errorOf(await client.session.logIn({ username: 'consultant1', password: PASSWORD }));
    const { challenge, passkey: options } = challengeOf(asked, 'second_factor_required');
    if (!options) throw new Error('no options');
    dataOf(await client.session.answerChallenge(challenge, { passkey: passkey.get(options) }));
    const alone = dataOf(await client.session.passkeyOptions());
    expect(dataOf(await client.session.logInWithPasskey(passkey.get(alone))).username).toBe('consultant1');
  });

  test('that the agency requires is set up in the log-in', async () => {
    const second_factor = { policy: 'required', groups: ['CONSULTANT'] } as const;
    dataOf(
      await admin.patch('/api/v1/agency-settings/', { body: { second_factor: second_factor as never } }),
    );
    const log = (client: Client) => client.session.logIn({ username: 'consultant3', password: PASSWORD });
    await expect.poll(async () => errorOf(await log(agency.client())).kind).toBe('challenge');
    const client = agency.client();
    const { challenge } = challengeOf(errorOf(await log(client)), 'second_factor_enrolment_required');
    const { secret } = dataOf(await client.session.beginTotp(challenge));
    const { user, recoveryCodes } = dataOf(await client.session.finishTotp(challenge, codeOf(secret)));
    expect([user.username, recoveryCodes.length]).toEqual(['consultant3', 10]);
    dataOf(await client.get(PROFILE));

    await clearFactors(agency.app);
    const other = agency.client({ fetch: fromPage });
    const again = challengeOf(errorOf(await log(other)), 'second_factor_enrolment_required');
    const options = dataOf(await other.session.beginPasskey(again.challenge));
    const passkey = new Authenticator(ORIGIN).create(options);
    const made = dataOf(await other.session.finishPasskey({ challenge: again.challenge, passkey }));
    expect(made.user.username).toBe('consultant3');
    dataOf(
      await admin.patch('/api/v1/agency-settings/', { body: { second_factor: { policy: 'optional' } } }),
    );
  });
});

test('a password that has to be changed', async () => {
  const [given, chosen] = ['zebra-Crossing-42', 'zebra-Crossing-43'];
  const path = { id: idOf('branch3') };
  const body = { password: given, must_change_password: true };
  dataOf(await admin.post('/api/v1/users/{id}/set-password/', { path, body }));
  const client = agency.client();
  const asked = errorOf(await client.session.logIn({ username: 'branch3', password: given }));
  const { challenge } = challengeOf(asked, 'password_change_required');
  expect(errorOf(await client.session.setDemandedPassword(challenge, 'short')).kind).toBe('fields');
  expect(dataOf(await client.session.setDemandedPassword(challenge, chosen)).username).toBe('branch3');
  dataOf(await client.get(PROFILE));
});
