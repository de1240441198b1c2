import type { Row } from '../helpers/tenant-sql.js';
import { askTls, type TlsTarget } from '../helpers/tls-client.js';

/** A platform that a drill puts under load, with one agency and its staff. */
export interface DrilledPlatform {
  /** The host of the agency. */
  readonly host: string;
  readonly target: TlsTarget;
  /** Returns a user's access token, by way of nginx. */
  logIn(username: string): Promise<string>;
  /** Runs a statement as the server's superuser, past everything. */
  sql(text: string, values?: unknown[]): Promise<Row[]>;
  /** Ends everything, what has failed included. */
  close(): Promise<void>;
}

/** Returns a user's access token, by way of nginx. @throws Error with the answer if it is none */
export async function logInAt(
  { target, host }: Pick<DrilledPlatform, 'target' | 'host'>,
  username: string,
  password: string,
): Promise<string> {
  const { status, json, text } = await askTls(target, host, 'POST', '/api/token/', {
    body: { username, password },
  });
  if (status !== 200) throw new Error(`log-in: ${status} ${text}`);
  return json.access;
}

/** Returns what /health/ready of an API process says: `ready`, or the codes of the reasons. */
export async function readinessOf({
  target,
  host,
}: Pick<DrilledPlatform, 'target' | 'host'>): Promise<string> {
  try {
    const { json } = await askTls(target, host, 'GET', '/health/ready');
    if (!Array.isArray(json.reasons)) return 'no answer'; // but nginx's
    return json.reasons.map(({ code }: { code: string }) => code).join(' ') || json.status;
  } catch {
    return 'no answer';
  }
}
