import { PLATFORM_ROLE } from '../../database/platform-role.js';

/** A role, right or setting of the database that the program neither makes nor needs. */
export interface Deviation {
  /** The fault, in a few words. */
  readonly text: string;
  /** The statements with which a superuser mends it; null where `leopard migrate` does. */
  readonly statements: readonly string[] | null;
  /** True if `leopard migrate` may run the statements too, where the owner has the rights: they take away nothing of others. */
  readonly isSafeToMend?: boolean;
  /** True if a tenant could be read or changed past its own transactions: `serve` refuses to start. */
  readonly voidsIsolation?: boolean;
  /** True if it is only worth a warning. */
  readonly isSlight?: boolean;
}

/** Returns a deviation in one line, with what mends it. */
export function inOneLine({ text, statements }: Deviation): string {
  if (statements === null) return `${text}; run: leopard migrate`;
  return `${text}; as a superuser run: ${statements.join('; ')}`;
}

/**
 * SQL that selects the program's role ($1), the operators' role, the tenants' roles, which are those of tenants and all
 * that it may take on, and all of these together as `own`.
 */
export const ROLES = `
  program AS (SELECT oid, rolname AS name FROM pg_catalog.pg_roles WHERE rolname = $1),
  tenant AS (
    SELECT r.oid, r.rolname AS name, n.oid AS namespace,
      r.rolname IN (SELECT schema_name FROM public.tenants_tenant) AS is_here
    FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = r.rolname
    WHERE r.rolname ~ '^tenant_[a-z][a-z0-9_]*$' AND (
      r.rolname IN (SELECT schema_name FROM public.tenants_tenant)
      OR r.oid IN (SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN program ON m.member = program.oid))
  ),
  platform AS (SELECT oid, rolname AS name FROM pg_catalog.pg_roles WHERE rolname = '${PLATFORM_ROLE}'),
  own AS (SELECT oid, name FROM program UNION ALL SELECT oid, name FROM platform UNION ALL SELECT oid, name FROM tenant)`;

/** SQL for the OID of this database. */
export const THIS_DATABASE = '(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())';

/** SQL for the OID of the owner of the program's tables. */
export const OWNER_OF_TABLES =
  "(SELECT relowner FROM pg_catalog.pg_class WHERE oid = 'public.tenants_tenant'::regclass)";
