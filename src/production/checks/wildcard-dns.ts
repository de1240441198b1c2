import { ok, type ProductionCheck, problem, warning } from '../check.js';
import { placeOf, unknownAgencyHost } from '../places.js';

/** Checks that a name that nobody has entered into DNS leads to the program, as a new agency's will. */
export const wildcardDnsCheck: ProductionCheck = {
  name: 'wildcard dns',
  async run({ config, signal }) {
    const { baseDomain, production } = config;
    const host = unknownAgencyHost(config);
    const place = await placeOf(host, config, signal);
    const record = `*.${baseDomain}`;
    switch (place.kind) {
      case 'here':
        return [ok(`${record} leads to ${place.addresses.join(', ')}`)];
      case 'nowhere':
        return [
          problem(
            `DNS knows no ${host}, so nobody finds a new agency`,
            `create a record of type A (and AAAA) for ${record} with the public address of the proxy`,
          ),
        ];
      case 'unanswered':
        return [
          warning(
            `the name servers do not tell where ${host} is: ${place.reason}`,
            `look at the zone of ${baseDomain}, or set DOCTOR_DNS_SERVERS to name servers that answer here`,
          ),
        ];
      case 'elsewhere': {
        const addresses = place.addresses.join(', ');
        return production.publicAddresses.length > 0
          ? [
              problem(
                `${record} leads to ${addresses}, not only to PUBLIC_ADDRESSES`,
                'mend the records of type A and AAAA, or PUBLIC_ADDRESSES',
              ),
            ]
          : [
              warning(
                `${record} leads to ${addresses}, which is not this machine`,
                `if it is your proxy or load balancer, set PUBLIC_ADDRESSES=${place.addresses.join(',')}; otherwise mend the records of type A and AAAA`,
              ),
            ];
      }
    }
  },
};
