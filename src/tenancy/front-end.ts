import type { Config } from '../config/config.js';
import { shortName } from './tenant-name.js';
import type { Tenant } from './tenants.js';

type Settings = Pick<Config, 'appSubdomain' | 'baseDomain' | 'useHttps' | 'accounts'>;

/**
 * Returns the function that tells the address of an agency's front end, for links in e-mails: the agency's own setting,
 * FRONT_END_URL, or its host name of APP_SUBDOMAIN. Never the Host header of a request, which a stranger chooses.
 * @param allows whether pages of an origin may use the API; a setting that it rejects does not count
 */
export function frontEnds(
  { appSubdomain, baseDomain, useHttps, accounts }: Settings,
  allows: (origin: string) => boolean,
): (tenant: Tenant) => string {
  const usual = accounts.frontEndUrl || `http${useHttps ? 's' : ''}://{agency}-${appSubdomain}.${baseDomain}`;
  return ({ schema, frontEnd }) => {
    if (frontEnd !== null && allows(frontEnd)) return frontEnd;
    return usual.replaceAll('{agency}', shortName(schema).replaceAll('_', '-'));
  };
}
