import type { Config } from '../config/config.js';
import type { Cors } from '../http/cors.js';
import type { Tenants } from '../tenancy/tenants.js';
import { FactorEnrolment } from './factor-enrolment.js';
import { OwnSecondFactor } from './own-second-factor.js';
import { PasskeySites } from './passkey-sites.js';
import { SealedSecrets } from './sealed-secrets.js';
import { SecondFactor, type SecondFactorParts } from './second-factor.js';

/** All that works with second factors. */
export interface SecondFactors {
  readonly factor: SecondFactor;
  readonly enrolment: FactorEnrolment;
  readonly own: OwnSecondFactor;
  readonly sites: PasskeySites;
}

type Parts = Omit<SecondFactorParts, 'secrets'> & {
  readonly config: Pick<Config, 'secretKey' | 'secretKeyFallbacks'>;
  readonly cors: Cors;
  readonly tenants: Tenants;
};

/** Makes what log-ins and users need for second factors; secrets are sealed with keys derived from the program's. */
export function secondFactors({ config, cors, tenants, ...given }: Parts): SecondFactors {
  const keys = [config.secretKey, ...config.secretKeyFallbacks] as const;
  const parts = { ...given, secrets: new SealedSecrets(keys) };
  return {
    factor: new SecondFactor(parts),
    enrolment: new FactorEnrolment(parts),
    own: new OwnSecondFactor(parts),
    sites: new PasskeySites(cors, tenants),
  };
}
