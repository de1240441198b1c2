import { isIP } from 'node:net';
import type { DeliverySettings } from '../config/delivery-settings.js';
import { PlainError } from '../platform/plain-error.js';
import { isPublicAddress } from './addresses.js';
import { dnsLookup, type Resolve, type ResolvedAddress, systemLookup } from './name-lookup.js';

/** The settings that restrict where webhooks may go. */
export type WebhookPolicy = DeliverySettings['webhooks'];

/** Thrown when webhooks may not go to an endpoint's address. */
export class ForbiddenTargetError extends PlainError {
  override readonly name = 'ForbiddenTargetError';
}

const LONGEST_URL = 2000;

/** Names of this machine or its own network, whatever resolves them. */
const OWN_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|localdomain)\.?$/;

const publicLookup = dnsLookup();

/**
 * Parses the address of an endpoint and checks, as far as its text shows, that webhooks may go there.
 * @throws ForbiddenTargetError that says why not
 */
export function checkWebhookUrl(text: string, policy: WebhookPolicy): URL {
  if (text.length > LONGEST_URL) throw tooLong();
  if (!URL.canParse(text)) throw notAnAddress(text);
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.allowPrivate)) {
    throw new ForbiddenTargetError('webhooks go to https:// addresses only');
  }
  if (url.username || url.password) {
    throw new ForbiddenTargetError('the address must not hold a name or password');
  }
  if (!policy.ports.includes(portOf(url))) {
    throw new ForbiddenTargetError(
      `webhooks go to port ${policy.ports.join(' or ')} only (WEBHOOKS_PORTS), not ${portOf(url)}`,
    );
  }
  const host = hostOf(url);
  if (host.startsWith('.') || host.includes('..')) throw notAnAddress(text);
  if (!policy.allowPrivate && (isIP(host) ? !isPublicAddress(host) : OWN_NAMES.test(host))) {
    throw new ForbiddenTargetError(`${host} is not on the public Internet`);
  }
  url.hash = '';
  // By now, each letter beyond ASCII is encoded as three characters or more.
  if (url.href.length > LONGEST_URL) throw tooLong();
  return url;
}

function notAnAddress(text: string): ForbiddenTargetError {
  return new ForbiddenTargetError(`${JSON.stringify(text)} is no address`);
}

function tooLong(): ForbiddenTargetError {
  return new ForbiddenTargetError(`the address is too long: ${LONGEST_URL} characters at most`);
}

/**
 * Resolves the addresses that a webhook may connect to. All addresses of the host must be public: a name that also
 * leads inside is refused. The connection must be made to these addresses, not to the name, whose next answer may
 * differ.
 * @throws ForbiddenTargetError; what `resolve` throws
 */
export async function resolveTarget(
  url: URL,
  policy: WebhookPolicy,
  signal: AbortSignal,
  resolve: Resolve = policy.allowPrivate ? systemLookup : publicLookup,
): Promise<readonly ResolvedAddress[]> {
  const host = hostOf(url);
  const family = isIP(host);
  const addresses = family ? [{ address: host, family }] : await resolve(host, signal);
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  // The agency sees this message, so it must not reveal addresses of the operators' own network.
  if (!policy.allowPrivate && addresses.some(({ address }) => !isPublicAddress(address))) {
    throw new ForbiddenTargetError(`${host} leads to an address that is not on the public Internet`);
  }
  return addresses;
}

/** Returns the host without the brackets of an IPv6 address. URL has normalised other spellings of IPv4. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf(url: URL): number {
  if (url.port) return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
