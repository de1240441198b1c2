import { ok, type ProductionCheck, unknown } from '../check.js';
import { unknownAgencyHost } from '../places.js';
import { certificateOf, faultsOf } from '../tls-probe.js';

/** Checks that the proxy has a certificate for hosts of agencies that it has never seen. */
export const certificateCheck: ProductionCheck = {
  name: 'certificate',
  async run(context) {
    const { config, signal } = context;
    if (!config.useHttps) return [unknown('USE_HTTPS is off, so none was looked for', 'set USE_HTTPS=true')];
    const seen = await certificateOf(unknownAgencyHost(config), context, signal);
    const faults = faultsOf(seen, `*.${config.baseDomain}`);
    if (faults.length > 0 || 'failure' in seen) return faults;
    return [ok(`for *.${config.baseDomain}, for another ${seen.daysLeft} days`)];
  },
};
