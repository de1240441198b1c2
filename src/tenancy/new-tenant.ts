import { checkSchemaName } from '../database/schema-name.js';
import { storedDomain } from './domain.js';
import { InvalidTenantError } from './tenant-errors.js';

export { TenantExistsError, TenantNotFoundError } from './tenant-errors.js';

export const SUBSCRIPTION_STATUSES = ['TRIAL', 'ACTIVE', 'SUSPENDED', 'CANCELLED'] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

/** The properties of a new tenant. */
export interface NewTenant {
  /** `tenant_` and the tenant's short name. */
  readonly schema: string;
  readonly name: string;
  /** Host names without port, or wildcards such as `*.app.example.com`; stored as browsers request them. */
  readonly domains: readonly { readonly domain: string; readonly isPrimary: boolean }[];
  /** TRIAL when not given. */
  readonly status?: SubscriptionStatus;
  readonly contactEmail?: string | null;
  readonly contactPhone?: string | null;
  /** `time_zone`, an IANA name, and the system's own keys. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** 50 when not given. */
  readonly maxUsers?: number;
}

/** The created tenant. */
export interface CreatedTenant {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly domains: readonly string[];
}

/** Maximum for a tenant's limit of active users: the largest value of its column. */
export const MOST_USERS = 2_147_483_647;

/** Normalises a tenant's name. @throws InvalidTenantError */
export function checkTenantName(text: string): string {
  const name = text.trim();
  if (name !== '' && name.length <= 200) return name;
  throw new InvalidTenantError('a tenant needs a name of 1 to 200 characters');
}

/** Validates and normalises a new tenant. @throws InvalidSchemaNameError, InvalidTenantError */
export function checkNewTenant(tenant: NewTenant): NewTenant {
  checkSchemaName(tenant.schema);
  const name = checkTenantName(tenant.name);
  const domains = tenant.domains.map(({ domain, isPrimary }) => ({
    domain: storedDomain(domain),
    isPrimary,
  }));
  if (domains.filter(({ isPrimary }) => isPrimary).length > 1) {
    throw new InvalidTenantError('a tenant has one primary domain at most');
  }
  const { maxUsers, status } = tenant;
  if (maxUsers !== undefined && !(Number.isInteger(maxUsers) && maxUsers >= 1 && maxUsers <= MOST_USERS)) {
    throw new InvalidTenantError(`a tenant's limit of users is a whole number from 1 to ${MOST_USERS}`);
  }
  if (status !== undefined && !SUBSCRIPTION_STATUSES.includes(status)) {
    throw new InvalidTenantError(`a tenant's status is one of ${SUBSCRIPTION_STATUSES.join(', ')}`);
  }
  return { ...tenant, name, domains };
}
