import { ok, type ProductionCheck, unknown } from '../check.js';
import { forEachInTime } from '../in-time.js';
import { hostFor } from '../places.js';
import { registeredDomains } from '../registered-domains.js';
import { certificateOf, faultsOf } from '../tls-probe.js';

const WITHIN_MS = 45_000;
/** Number of connections at once. */
const AT_ONCE = 10;

/** Checks the certificates of agencies' own domains, for which that of BASE_DOMAIN does not stand. */
export const agenciesCertificatesCheck: ProductionCheck = {
  name: 'certificates of agencies',
  within: WITHIN_MS,
  async ask(client, context) {
    const { config, signal, until } = context;
    if (!config.useHttps) return [unknown('USE_HTTPS is off, so none were looked for', 'set USE_HTTPS=true')];
    const own = (await registeredDomains(client)).filter(({ domain }) => !isBelow(domain, config.baseDomain));
    const { results, left } = await forEachInTime(
      own,
      { atOnce: AT_ONCE, until, signal },
      async ({ domain }, over) => ({ domain, seen: await certificateOf(hostFor(domain), context, over) }),
    );
    const lines = results.flatMap(({ domain, seen }) => faultsOf(seen, domain));
    if (left > 0)
      lines.push(unknown(`${left} of ${own.length} domains were not looked at in time`, 'run it again'));
    if (lines.length > 0) return lines;
    if (own.length === 0) return [ok('no agency has a domain of its own')];
    const days = Math.min(...results.map(({ seen }) => ('daysLeft' in seen ? seen.daysLeft : 0)));
    return [ok(`of ${own.length} domains, all for another ${days} days`)];
  },
};

/** Returns whether the wildcard of the base domain stands for a domain: it has one label more. */
function isBelow(domain: string, baseDomain: string): boolean {
  return domain.endsWith(`.${baseDomain}`) && !domain.slice(0, -baseDomain.length - 1).includes('.');
}
