import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { compile } from '@fastify/proxy-addr';
import ipaddr from 'ipaddr.js';
import type { Config } from '../config/config.js';
import { dnsLookup } from '../deliveries/name-lookup.js';

/** The place to which a name leads, as DNS says. */
export type Place =
  | { readonly kind: 'here' | 'elsewhere'; readonly addresses: readonly string[] }
  /** No name server knows an address. */
  | { readonly kind: 'nowhere' }
  /** The name servers do not answer, or not properly. */
  | { readonly kind: 'unanswered'; readonly reason: string };

const NO_ADDRESS = new Set(['ENOTFOUND', 'ENODATA']);

/** Finds the addresses of a name, and whether they are the public ones of this program. */
export async function placeOf(
  name: string,
  { production }: Pick<Config, 'production'>,
  signal: AbortSignal,
): Promise<Place> {
  const { dnsServers, publicAddresses } = production;
  try {
    const found = await dnsLookup(dnsServers.length > 0 ? dnsServers : undefined)(name, signal);
    const addresses = found.map(({ address }) => address);
    const isHere = isOurs(publicAddresses);
    return { kind: addresses.every(isHere) ? 'here' : 'elsewhere', addresses };
  } catch (error) {
    signal.throwIfAborted();
    const { code = '', message } = error as NodeJS.ErrnoException;
    return NO_ADDRESS.has(code) ? { kind: 'nowhere' } : { kind: 'unanswered', reason: message };
  }
}

/** Returns the addresses of this machine's network interfaces, other than loopback and link-local ones. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);
}

/** Returns whether an address is one of the Internet. */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

function isOurs(publicAddresses: readonly string[]): (address: string) => boolean {
  if (publicAddresses.length > 0) {
    const isAmong = compile([...publicAddresses]);
    return (address) => isAmong(address, 0);
  }
  const own = new Set(ownAddresses());
  return (address) => own.has(address);
}

/** Returns the host name of an agency that does not exist, for which only wildcards of DNS and certificates stand. */
export function unknownAgencyHost({
  appSubdomain,
  baseDomain,
}: Pick<Config, 'appSubdomain' | 'baseDomain'>): string {
  return `check-${randomBytes(4).toString('hex')}-${appSubdomain}.${baseDomain}`;
}

/** Returns a host for which a domain of the registry stands: itself, or one below a wildcard. */
export function hostFor(domain: string): string {
  return domain.replace(/^\*(?=\.)/, `check-${randomBytes(4).toString('hex')}`);
}
