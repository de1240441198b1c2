import { checkServerIdentity, connect } from 'node:tls';
import type { Config } from '../config/config.js';
import { type CheckContext, type Line, problem, warning } from './check.js';
import { placeOf } from './places.js';

const DAY_MS = 86_400_000;
/** Number of days before a certificate's end from which it is a problem, or worth a warning. */
const SOON_DAYS = { problem: 7, warning: 21 } as const;
const HTTPS_PORT = 443;

/** A certificate as a browser would see it. */
export interface SeenCertificate {
  readonly host: string;
  /** The address that was connected to. */
  readonly at: string;
  /** Distinguishes it from others. */
  readonly fingerprint: string;
  /** Days until its end, rounded down; negative after it. */
  readonly daysLeft: number;
  /** The reason why its names do not stand for the host; null if they do. */
  readonly namesMismatch: string | null;
  /** The reason why it is not trusted, other than its names and its end; null if it is. */
  readonly distrust: string | null;
}

/** Connects to a host by TLS. @returns its certificate, or the reason why there is none */
export async function certificateOf(
  host: string,
  context: Pick<CheckContext, 'config' | 'authorities' | 'now'>,
  signal: AbortSignal,
): Promise<SeenCertificate | { readonly host: string; readonly failure: string }> {
  try {
    const { address, port } = await addressOf(host, context.config, signal);
    return await handshake(host, { address, port, ...context }, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { host, failure: (error as Error).message };
  }
}

/** Returns the address at which a host is served by TLS. @throws Error if the host has none */
export async function addressOf(
  host: string,
  config: Pick<Config, 'production'>,
  signal: AbortSignal,
): Promise<{ address: string; port: number }> {
  const { httpsAddress } = config.production;
  if (httpsAddress) return { address: httpsAddress.host, port: httpsAddress.port };
  const place = await placeOf(host, config, signal);
  const [address] = 'addresses' in place ? place.addresses : [];
  if (!address) throw new Error(`DNS knows no address of ${host}`);
  return { address, port: HTTPS_PORT };
}

interface Where extends Pick<CheckContext, 'authorities' | 'now'> {
  readonly address: string;
  readonly port: number;
}

function handshake(
  host: string,
  { address, port, authorities, now = Date.now }: Where,
  signal: AbortSignal,
): Promise<SeenCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address,
      port,
      servername: host,
      rejectUnauthorized: false, // it is looked at, not believed
      ...(authorities && { ca: authorities }),
    });
    const cut = () => socket.destroy(new Error('no answer in time'));
    signal.addEventListener('abort', cut, { once: true });
    socket.once('close', () => {
      signal.removeEventListener('abort', cut);
      reject(new Error('the connection was closed'));
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerCertificate();
      const reason = String(socket.authorizationError ?? '');
      const isOther = reason !== '' && !/ALTNAME_INVALID|CERT_HAS_EXPIRED/.test(reason);
      resolve({
        host,
        at: `${address}:${port}`,
        fingerprint: certificate.fingerprint256,
        daysLeft: Math.floor((Date.parse(certificate.valid_to) - now()) / DAY_MS),
        namesMismatch: checkServerIdentity(host, certificate)?.message ?? null,
        distrust: isOther ? reason : null,
      });
      socket.destroy();
    });
  });
}

/** Returns what is wrong with a certificate. @param names the host names that it should be for */
export function faultsOf(seen: Awaited<ReturnType<typeof certificateOf>>, names: string): Line[] {
  if ('failure' in seen)
    return [
      problem(
        `${seen.host} cannot be reached by TLS: ${seen.failure}`,
        'let the proxy serve it, open port 443 for it, or set DOCTOR_HTTPS_ADDRESS to the proxy as reached from here',
      ),
    ];
  const lines: Line[] = [];
  const { host, at, daysLeft, namesMismatch, distrust } = seen;
  if (namesMismatch !== null)
    lines.push(
      problem(
        `the certificate at ${at} is not for ${host} (${namesMismatch})`,
        `get one for ${names} and let the proxy use it (docs/deployment.md)`,
      ),
    );
  if (distrust !== null)
    lines.push(
      problem(
        `the certificate of ${host} at ${at} is not trusted (${distrust})`,
        'let the proxy send a certificate of a public authority with its whole chain (fullchain.pem)',
      ),
    );
  if (daysLeft < SOON_DAYS.warning) {
    const end = daysLeft < 0 ? `ended ${-daysLeft} days ago` : `ends in ${daysLeft} days`;
    const report = daysLeft < SOON_DAYS.problem ? problem : warning;
    lines.push(
      report(
        `the certificate of ${host} ${end}`,
        'renew it, reload the proxy, and see why that did not happen automatically',
      ),
    );
  }
  return lines;
}
