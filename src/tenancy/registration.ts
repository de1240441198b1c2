import type { StorableAccount } from '../auth/new-account.js';
import { superuserInsert } from '../auth/superusers.js';
import type { Config, ConnectionSettings } from '../config.js';
import type { CreatedTenant } from './new-tenant.js';
import { createTenant } from './provisioning.js';
import { checkShortName } from './tenant-name.js';

/** What an operator gives for a new tenant. */
export interface Registration {
  /** The short name: the schema is `tenant_` and this. */
  readonly tenant: string;
  readonly name: string;
  /** Domains beside the tenant's own two. */
  readonly domains?: readonly string[];
  /** The first user: superuser and staff, in no group. */
  readonly admin?: StorableAccount;
}

type Hosts = Pick<Config, 'appSubdomain' | 'baseDomain'>;

/**
 * The domains that every tenant gets, the primary one first: that of the front end, and the tenant's own. An
 * underscore cannot stand in a host name, so it becomes a hyphen.
 * @example ownDomains('acme', settings) // ['acme-immigrate.localhost', 'acme.localhost']
 */
export function ownDomains(tenant: string, { appSubdomain, baseDomain }: Hosts): [string, string] {
  const label = tenant.replaceAll('_', '-');
  return [`${label}-${appSubdomain}.${baseDomain}`, `${label}.${baseDomain}`];
}

/**
 * Registers a tenant on trial, with its domains and first user, in one transaction.
 * @throws TenantExistsError, InvalidTenantError, PlainError about the name; nothing is left behind then
 */
export async function registerTenant(
  owner: ConnectionSettings,
  appUser: string,
  hosts: Hosts,
  registration: Registration,
): Promise<CreatedTenant> {
  const { name, domains = [], admin } = registration;
  const tenant = checkShortName(registration.tenant);
  const [primary, ...others] = ownDomains(tenant, hosts);
  const further = new Set([...others, ...domains].map((domain) => domain.trim().toLowerCase()));
  further.delete(primary);
  return await createTenant(
    owner,
    appUser,
    {
      schema: `tenant_${tenant}`,
      name,
      status: 'TRIAL',
      domains: [
        { domain: primary, isPrimary: true },
        ...[...further].map((domain) => ({ domain, isPrimary: false })),
      ],
    },
    admin && {
      fill: async (client) => {
        const { sql, parameters } = superuserInsert(admin);
        await client.query(sql, [...parameters]);
      },
    },
  );
}
