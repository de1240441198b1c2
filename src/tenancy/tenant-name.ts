import { PlainError } from '../platform/plain-error.js';

const PREFIX = 'tenant_';
const NAME = /^[a-z][a-z0-9_]{0,55}$/;
/** Maximum length of a tenant's name: with `tenant_` in front, PostgreSQL's limit for a schema's name. */
export const LONGEST_NAME = 56;
const SHAPE = 'small letters, digits and _, beginning with a letter, 56 at most';

/**
 * Returns the schema of a tenant given by its short name or its schema.
 * @example schemaOf('main') // 'tenant_main'
 * @throws PlainError for a text that can be neither
 */
export function schemaOf(tenant: string): string {
  const name = tenant.startsWith(PREFIX) ? tenant.slice(PREFIX.length) : tenant;
  if (!NAME.test(name)) throw new PlainError(`${JSON.stringify(tenant)} is no tenant's name; use ${SHAPE}`);
  return PREFIX + name;
}

/** Returns the short name of a tenant, which tokens and host names carry: the schema without `tenant_`. */
export function shortName(schema: string): string {
  return schema.slice(PREFIX.length);
}

/**
 * Checks that this can be the short name of a new tenant.
 * @throws PlainError when it cannot, or when it begins with `tenant_`, which the schema adds
 */
export function checkShortName(name: string): string {
  if (name.startsWith(PREFIX)) {
    throw new PlainError(
      `give the tenant's name without ${PREFIX}, which its schema adds: "${name.slice(PREFIX.length)}"`,
    );
  }
  if (!NAME.test(name)) {
    throw new PlainError(`${JSON.stringify(name)} cannot be a tenant's name; use ${SHAPE}`);
  }
  return name;
}
