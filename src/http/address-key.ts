import ipaddr from 'ipaddr.js';

/** Number of 16-bit groups of an IPv6 address that name a network; its owner chooses the rest at will. */
const NETWORK_GROUPS = 4;

/**
 * Returns the key under which a client's address is counted: of an IPv6 address its /64, since that is what one client
 * is given, of an IPv4-mapped one the IPv4 address. Any other text is its own key.
 * @example addressKey('2001:db8::1') // '2001:db8:0:0::/64'
 */
export function addressKey(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const groups = (parsed as ipaddr.IPv6).parts.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}
