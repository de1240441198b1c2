import { listed } from '../../database/tenant-diagnosis.js';
import { type Line, ok, type ProductionCheck, problem, unknown, warning } from '../check.js';
import { forEachInTime } from '../in-time.js';
import { hostFor, type Place, placeOf } from '../places.js';
import { registeredDomains } from '../registered-domains.js';

const WITHIN_MS = 30_000;
/** Number of names that are looked up at once. */
const AT_ONCE = 10;

interface Found {
  readonly name: string;
  readonly place: Place;
}

/** Checks that the primary domain of each active agency leads to the program. */
export const agenciesDnsCheck: ProductionCheck = {
  name: 'dns of agencies',
  within: WITHIN_MS,
  async ask(client, { config, signal, until }) {
    const primary = (await registeredDomains(client)).filter(({ isPrimary }) => isPrimary);
    const { results, left } = await forEachInTime(
      primary,
      { atOnce: AT_ONCE, until, signal },
      async ({ schema, domain }, over): Promise<Found> => ({
        name: `${domain} of ${schema}`,
        place: await placeOf(hostFor(domain), config, over),
      }),
    );
    const lines = linesOf(results, config.production.publicAddresses.length > 0);
    if (left > 0)
      lines.push(unknown(`${left} of ${primary.length} domains were not looked at in time`, 'run it again'));
    if (lines.length > 0) return lines;
    return [
      ok(primary.length === 0 ? 'no agency is active' : `all ${primary.length} primary domains lead here`),
    ];
  },
};

function linesOf(found: readonly Found[], areNamed: boolean): Line[] {
  const namesOf = (kind: Place['kind']) =>
    found
      .filter(({ place }) => place.kind === kind)
      .map(({ name, place }) => ('addresses' in place ? `${name} (${place.addresses.join(', ')})` : name));
  const [nowhere, elsewhere, unanswered] = [namesOf('nowhere'), namesOf('elsewhere'), namesOf('unanswered')];
  const lines: Line[] = [];
  if (nowhere.length > 0)
    lines.push(
      problem(
        `DNS knows no address of ${listed(nowhere)}`,
        'let the agency create the record, or remove the domain: leopard tenants domains --help',
      ),
    );
  if (elsewhere.length > 0)
    lines.push(
      warning(
        `these lead elsewhere: ${listed(elsewhere)}`,
        areNamed
          ? 'let the agency mend its records of type A and AAAA'
          : 'set PUBLIC_ADDRESSES if they are addresses of your proxy; otherwise let the agency mend its records',
      ),
    );
  if (unanswered.length > 0)
    lines.push(
      warning(
        `name servers do not tell where these are: ${listed(unanswered)}`,
        'let the agency look at its zone, or set DOCTOR_DNS_SERVERS to name servers that answer here',
      ),
    );
  return lines;
}
