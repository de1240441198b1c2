import { tenantMigrationCount } from './migration-files.js';

/**
 * An expression of SQL: why a tenant cannot be served, in a few words for operators; null where it can. It looks at
 * the catalogue's cached entries and at one row of the ledger, so that it can be asked with every look-up of a host.
 * @param schema an expression for the tenant's schema: `t.schema_name`
 */
export function tenantTrouble(schema: string): string {
  const namespace = `to_regnamespace(quote_ident(${schema}))`;
  const role = `to_regrole(quote_ident(${schema}))`;
  return `CASE
    WHEN ${namespace} IS NULL THEN 'its schema is missing'
    WHEN NOT EXISTS (
      SELECT FROM public.migration_ledger l WHERE l.scope = ${schema} AND l.number >= ${tenantMigrationCount()}
    ) THEN 'migrations are pending'
    WHEN ${role} IS NULL THEN 'its role is missing'
    WHEN NOT pg_has_role(${role}::oid, 'MEMBER') THEN 'the program may not take on its role'
    WHEN NOT has_schema_privilege(${role}::oid, ${namespace}::oid, 'USAGE') THEN 'its role may not enter its schema'
  END`;
}

/** A condition of SQL: whether a tenant can be served. */
export function isServable(schema: string): string {
  return `(${tenantTrouble(schema)}) IS NULL`;
}
