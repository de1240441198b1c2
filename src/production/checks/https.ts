import ipaddr from 'ipaddr.js';
import { isExposed } from '../../config/exposure.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

/** Shortest prefixes of ranges of proxies; a shorter one is a good part of the Internet. */
const SHORTEST_PREFIX = { ipv4: 8, ipv6: 16 } as const;

/** Checks that people use https, and that only proxies say who they are. */
export const httpsCheck: ProductionCheck = {
  name: 'https',
  async run({ config }) {
    const { useHttps, trustedProxies, host, listen } = config;
    const lines: Line[] = [];
    if (!useHttps)
      lines.push(
        problem(
          'USE_HTTPS is off: links are http, nothing is redirected, and browsers are not told to stay with https',
          'put a proxy with TLS in front (docs/deployment.md) and set USE_HTTPS=true',
        ),
      );
    if (trustedProxies.length === 0)
      lines.push(
        (useHttps ? problem : warning)(
          'TRUSTED_PROXIES is empty: everybody counts as the one address of the proxy, and https through it is taken for http',
          'set TRUSTED_PROXIES to the addresses from which the proxy connects, such as 127.0.0.1',
        ),
      );
    const broad = trustedProxies.filter(isBroad);
    if (broad.length > 0)
      lines.push(
        problem(
          `TRUSTED_PROXIES believes ${broad.join(', ')}: anybody there chooses the address that is logged and limited`,
          'list the addresses of your proxies alone in TRUSTED_PROXIES',
        ),
      );
    const areAllHere = trustedProxies.length > 0 && trustedProxies.every(isOwn);
    if (areAllHere && listen.target.kind === 'tcp' && isExposed({ debug: false, host }))
      lines.push(
        warning(
          `HOST is ${host}, while all proxies are on this machine: others reach the program past them, without TLS`,
          'set HOST=127.0.0.1',
        ),
      );
    return lines.length > 0
      ? lines
      : [ok(`by https, behind ${trustedProxies.join(', ')}; the program sets no cookies`)];
  },
};

function isBroad(range: string): boolean {
  const [address = '', length] = range.split('/');
  if (length === undefined || !ipaddr.isValid(address)) return false;
  const kind = ipaddr.parse(address).kind();
  const prefix = /^\d+$/.test(length) ? Number(length) : ipaddr.parse(length).prefixLengthFromSubnetMask();
  return prefix !== null && prefix < SHORTEST_PREFIX[kind];
}

function isOwn(range: string): boolean {
  return range === 'loopback' || /^127\.|^::1(?:\/128)?$/.test(range);
}
