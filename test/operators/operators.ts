import { prepareAccount } from '../../src/auth/new-account.js';
import { totpCode, totpStep } from '../../src/auth/totp.js';
import { withOwner } from '../../src/database/owner.js';
import { createOperator } from '../../src/provisioning/operators.js';
import type { OperatorRole } from '../../src/routing/policy.js';
import type { Answer, TestApp } from '../helpers/app.js';

export const PATH = '/api/platform/v1/';
export const PASSWORD = 'correct horse battery staple';
/** A bare host. */
export const HOST = '127.0.0.1';

/** Creates an operator with this role; an owner by default. @returns the id */
export async function newOperator(app: TestApp, username: string, role?: OperatorRole): Promise<number> {
  const { owner } = app.databases;
  const account = { username, email: `${username}@example.com`, password: PASSWORD };
  const id = await createOperator(owner, await prepareAccount(account));
  if (role)
    await withOwner(owner, (client) =>
      client.query('INSERT INTO public.operator_role (operator_id, role) VALUES ($1, $2)', [id, role]),
    );
  return id;
}

/** Sends a request to the operators' API. */
export function askPlatform(
  app: TestApp,
  method: string,
  path: string,
  asked: { readonly token?: string; readonly body?: unknown; readonly host?: string } = {},
): Promise<Answer> {
  return app.ask(method, `${PATH}${path}`, { host: HOST, ...asked });
}

/** Returns the bytes of a secret as an authenticator app reads it. */
function secretIn(base32: string): Buffer {
  const bits = [...base32]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

/** Returns the code of a secret now, or some steps later. */
export function codeOf(secret: string, later = 0): string {
  return totpCode(secretIn(secret), totpStep(Date.now()) + later);
}

/** Begins a log-in. @returns the challenge */
export async function challengeFor(app: TestApp, username: string): Promise<string> {
  const answer = await askPlatform(app, 'POST', 'login/', { body: { username, password: PASSWORD } });
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.challenge;
}

/** Sets up an operator's second factor in a first log-in. */
export async function enrol(app: TestApp, username: string) {
  const challenge = await challengeFor(app, username);
  const { body: totp } = await askPlatform(app, 'POST', 'login/enrol/', { body: { challenge } });
  const confirmed = await askPlatform(app, 'POST', 'login/enrol/confirm/', {
    body: { challenge, code: codeOf(totp.secret) },
  });
  if (confirmed.status !== 200) throw new Error(`${confirmed.status} ${JSON.stringify(confirmed.body)}`);
  const { access, refresh, recovery_codes: codes } = confirmed.body;
  return {
    secret: totp.secret as string,
    access: access as string,
    refresh: refresh as string,
    codes: codes as string[],
  };
}

/** Creates an operator who is logged in. */
export async function loggedIn(app: TestApp, username: string, role?: OperatorRole) {
  const id = await newOperator(app, username, role);
  return { id, username, ...(await enrol(app, username)) };
}
