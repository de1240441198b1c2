import { totpCode, totpStep } from '../../src/auth/totp.js';
import { statement } from '../../src/database/statement.js';
import { PASSWORD, type TestApp } from '../helpers/app.js';
import { Authenticator } from './authenticator.js';

export const FACTOR = '/api/v1/second-factor/';
export const TOKEN = '/api/token/';
/** A page of the agency main, at its own host. */
export const ORIGIN = 'http://main.localhost:5173';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Returns the bytes of a secret in Base32. */
function bytesOf(secret: string): Buffer {
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** Returns the code of a secret, some steps from now. */
export function codeOf(secret: string, steps = 0): string {
  return totpCode(bytesOf(secret), totpStep(Date.now()) + steps);
}

/** Logs a user in, at the agency main unless another one is named. */
export function logIn(app: TestApp, username: string, more: object = {}, host = 'main') {
  return app.ask('POST', TOKEN, { host, body: { username, password: PASSWORD, ...more } });
}

/**
 * Sets up an authenticator app for a user, with the code of some steps from now: of the one before, so that the present
 * one can still be used, where the clock stands; where it runs, that code may be too old by the time it is checked.
 * @returns its secret, and the recovery codes
 */
export async function setUpTotp(
  app: TestApp,
  token: string,
  { host = 'main', step = -1 } = {},
): Promise<{ secret: string; recovery: string[] }> {
  const begun = await app.ask('POST', `${FACTOR}totp/`, { host, token, body: { password: PASSWORD } });
  if (begun.status !== 200) throw new Error(`TOTP: ${begun.status} ${begun.raw}`);
  const { secret } = begun.body;
  const body = { code: codeOf(secret, step) };
  const confirmed = await app.ask('POST', `${FACTOR}totp/confirm/`, { host, token, body });
  if (confirmed.status !== 200) throw new Error(`TOTP: ${confirmed.status} ${confirmed.raw}`);
  return { secret, recovery: confirmed.body.recovery_codes };
}

/** Adds a passkey of the page. */
export async function addPasskey(app: TestApp, token: string, origin = ORIGIN, name = 'Laptop') {
  const headers = { origin };
  const asked = { token, headers, body: { password: PASSWORD } };
  const options = await app.ask('POST', `${FACTOR}passkeys/options/`, asked);
  if (options.status !== 200) throw new Error(`passkey: ${options.status} ${options.raw}`);
  const passkey = new Authenticator(origin);
  const body = { name, passkey: passkey.create(options.body) };
  const added = await app.ask('POST', `${FACTOR}passkeys/`, { token, headers, body });
  if (added.status !== 201) throw new Error(`passkey: ${added.status} ${added.raw}`);
  return { passkey, recovery: added.body.recovery_codes as string[] | null };
}

/** Removes every second factor, challenge and failure of an agency. */
export async function clearFactors(app: TestApp, schema = 'tenant_main'): Promise<void> {
  for (const table of ['totp_secret', 'passkey', 'recovery_code', 'spent_challenge', 'login_failure']) {
    await app.database.tenantQuery({ schema, userId: null }, statement(`DELETE FROM ${table}`, []));
  }
}

/** Returns the newest e-mails to users about their second factors: their type and what they name. */
export async function factorMails(app: TestApp): Promise<string[]> {
  const rows = await app.database.tenantQuery<{ mail: string }>(
    { schema: 'tenant_main', userId: null },
    statement(
      `SELECT recipient || ' ' || event_type || ': ' || substring(body FROM 'at [^:]+:[^:]+:[^:]+: ([^.]*)') AS mail
       FROM delivery WHERE event_type LIKE 'Account.factor-%' ORDER BY id DESC LIMIT 3`,
      [],
    ),
  );
  return rows.map(({ mail }) => mail);
}

/** Returns the kinds of the newest entries of the security log that concern second factors. */
export async function factorEvents(app: TestApp): Promise<string[]> {
  const rows = await app.database.tenantQuery<{ kind: string }>(
    { schema: 'tenant_main', userId: null },
    statement(
      `SELECT kind FROM security_event WHERE kind ~ 'factor|recovery|passkey' ORDER BY id DESC LIMIT 20`,
      [],
    ),
  );
  return rows.map(({ kind }) => kind);
}
