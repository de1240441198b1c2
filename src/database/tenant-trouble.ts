import { tenantMigrationCount } from './migration-files.js';
import { sql } from './sql.js';

const SCHEMA = sql`t.schema_name`;
const NAMESPACE = sql`to_regnamespace(quote_ident(${SCHEMA}))`;
const ROLE = sql`to_regrole(quote_ident(${SCHEMA}))`;

/** The reason below for a tenant that is closed for a moment. */
export const IT_IS_MOVING = 'it is moving to another cell';

/**
 * SQL for the reason why tenant `t` cannot be served, in a few words for operators; null if it can. It reads only
 * cached catalogue entries and one row of the ledger, so it is cheap enough for every look-up of a host.
 */
export const TENANT_TROUBLE = sql<string | null>`CASE
    WHEN ${NAMESPACE} IS NULL THEN 'its schema is missing'
    WHEN NOT EXISTS (
      SELECT FROM public.migration_ledger l WHERE l.scope = ${SCHEMA} AND l.number >= ${sql.lit(tenantMigrationCount())}
    ) THEN 'migrations are pending'
    WHEN ${ROLE} IS NULL THEN 'its role is missing'
    WHEN NOT pg_has_role(${ROLE}::oid, 'MEMBER') THEN 'the program may not take on its role'
    WHEN NOT has_schema_privilege(${ROLE}::oid, ${NAMESPACE}::oid, 'USAGE') THEN CASE
      WHEN (to_jsonb(t) ->> 'work_held_until')::timestamptz > clock_timestamp() THEN 'it is moving to another cell'
      ELSE 'its role may not enter its schema' END
  END`;
