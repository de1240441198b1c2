import { domainToASCII } from 'node:url';
import { isDomainName } from '../platform/domain-name.js';
import { answersNoHost } from './host.js';
import { InvalidTenantError } from './tenant-errors.js';

const WILDCARD = '*.';

/**
 * Returns a domain in the form in which it is stored and browsers request it: lower case, without a final dot, names
 * beyond ASCII as `xn--…`.
 * @example storedDomain('BÜCHER.example.') // 'xn--bcher-kva.example'
 * @throws InvalidTenantError for a text that is no host name, with or without a leading `*.`, or can match no host
 */
export function storedDomain(text: string): string {
  const domain = inAscii(text.trim().toLowerCase().replace(/\.$/, ''));
  if (domain === null) {
    throw new InvalidTenantError(
      `${JSON.stringify(text)} is not a domain: give a host name without port, or *. and a host name`,
    );
  }
  if (answersNoHost(domain)) {
    throw new InvalidTenantError(
      `"${domain}" can answer for no host: wildcards are for hosts of three or more labels, so give two after *. as in *.acme.example`,
    );
  }
  return domain;
}

/** Returns whether a stored domain can match any host; one written into the table by hand may not. */
export function canMatch(domain: string): boolean {
  const isWildcard = domain.startsWith(WILDCARD);
  return isDomainName(isWildcard ? domain.slice(WILDCARD.length) : domain) && !answersNoHost(domain);
}

function inAscii(domain: string): string | null {
  const prefix = domain.startsWith(WILDCARD) ? WILDCARD : '';
  const name = domain.slice(prefix.length);
  // ASCII names stay as they are: the function would take 127.1 for an address.
  const ascii = /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name);
  return isDomainName(ascii) && prefix.length + ascii.length <= 253 ? prefix + ascii : null;
}
