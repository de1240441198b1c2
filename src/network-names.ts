import { isIP } from 'node:net';

// The underscore is none of DNS's letters, but tenants' names may have it and browsers take it.
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const LONGEST_DOMAIN = 253;

/** Whether the text, in lower case, can be a host's name: labels and dots, without port or final dot. */
export function isDomainName(text: string): boolean {
  return text.length <= LONGEST_DOMAIN && DOMAIN.test(text);
}

/** What Fastify knows by name. */
const NAMED_RANGES = new Set(['loopback', 'linklocal', 'uniquelocal']);

/**
 * Whether the text stands for IP addresses as Fastify's `trustProxy` reads it: one address, or a range with a prefix
 * or, for IPv4, a netmask.
 * @example isAddressRange('10.0.0.0/8') // true
 */
export function isAddressRange(text: string): boolean {
  if (NAMED_RANGES.has(text)) return true;
  const [address = '', prefix, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return false;
  if (prefix === undefined) return true;
  if (/^\d{1,3}$/.test(prefix)) return Number(prefix) >= 1 && Number(prefix) <= (version === 4 ? 32 : 128);
  return version === 4 && isIP(prefix) === 4 && isNetmask(prefix);
}

function isNetmask(address: string): boolean {
  const bits = address.split('.').map((part) => Number(part).toString(2).padStart(8, '0'));
  return /^1+0*$/.test(bits.join(''));
}
