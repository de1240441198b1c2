import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { compile } from '@fastify/proxy-addr';

/** The address of a connection that was closed before it was read. */
const UNKNOWN = '0.0.0.0';
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
/** Forms with a port or brackets: `192.0.2.1:443`, `[2001:db8::1]`, `[2001:db8::1]:443`. */
const WITH_PORT = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([\da-f:.]+)\])(?::\d{1,5})?$/;
/** Longer entries of `X-Forwarded-For` are no addresses. */
const LONGEST = 64;

/**
 * Returns the address that a text stands for, in one form per address (lower case, no port, no brackets, no zone, IPv4
 * as such), or null.
 */
export function parseAddress(text: string): string | null {
  if (text.length > LONGEST) return null;
  const given = text.trim().toLowerCase();
  const found = WITH_PORT.exec(given);
  const [address = ''] = (found?.[1] ?? found?.[2] ?? given).split('%', 1);
  if (isIP(address) === 0) return null;
  return MAPPED.exec(address)?.[1] ?? address;
}

/**
 * Returns the function that reads a client's address: the connection's, or the one that trusted proxies report in
 * `X-Forwarded-For`. An entry that is no address ends the search, so that nothing but an address is ever returned.
 * @param trustedProxies addresses and ranges, as in TRUSTED_PROXIES
 */
export function addressReader(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return connectionAddress;
  const isTrusted = compile([...trustedProxies]);
  return (request) => {
    let address = connectionAddress(request);
    const header = request.headers['x-forwarded-for'];
    let rest = Array.isArray(header) ? header.join(',') : header;
    for (let hop = 0; rest !== undefined && isTrusted(address, hop); hop++) {
      const comma = rest.lastIndexOf(',');
      const next = parseAddress(rest.slice(comma + 1));
      if (next === null) break;
      address = next;
      rest = comma < 0 ? undefined : rest.slice(0, comma);
    }
    return address;
  };
}

/** Returns whether an address is that of a trusted proxy. */
export function isTrusted(address: string, trustedProxies: readonly string[]): boolean {
  return compile([...trustedProxies])(address, 0);
}

function connectionAddress({ socket }: IncomingMessage): string {
  const { remoteAddress } = socket;
  if (remoteAddress === undefined) return UNKNOWN;
  if (!remoteAddress.includes(':')) return remoteAddress;
  return parseAddress(remoteAddress) ?? UNKNOWN;
}
