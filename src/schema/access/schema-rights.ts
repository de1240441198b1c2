import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, OWNER_OF_TABLES, ROLES } from './deviation.js';

const FACTS = `
  WITH ${ROLES}, tenant_schema AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl
    FROM public.tenants_tenant t JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema_name
  )
  SELECT quote_ident(s.nspname) AS schema, coalesce(quote_ident(r.rolname), 'PUBLIC') AS grantee, NULL AS owner,
    a.grantee IN (SELECT oid FROM tenant) AS "isTenant", string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS rights
  FROM tenant_schema s CROSS JOIN aclexplode(s.nspacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
  WHERE a.grantee <> s.nspowner AND (r.rolname IS DISTINCT FROM s.nspname OR a.privilege_type <> 'USAGE' OR a.is_grantable)
    AND (a.grantee = 0 OR a.grantee IN (SELECT oid FROM own))
  GROUP BY s.nspname, r.rolname, a.grantee
  UNION ALL
  SELECT quote_ident(s.nspname), quote_ident(r.rolname), quote_ident(pg_get_userbyid(${OWNER_OF_TABLES})), r.rolname <> $1, 'OWNER'
  FROM tenant_schema s JOIN pg_catalog.pg_roles r ON r.oid = s.nspowner
  WHERE r.oid IN (SELECT oid FROM own)
  ORDER BY 1, 2`;

interface Facts {
  readonly schema: string;
  readonly grantee: string;
  readonly isTenant: boolean;
  readonly rights: string;
  /** The owner of the program's tables, where the grantee owns the schema. */
  readonly owner: string | null;
}

/**
 * Finds rights on tenants' schemas beyond the right of each tenant's role to enter its own. Without one nothing in a
 * schema can be reached, whatever rights there are on its tables.
 */
export async function examineSchemaRights(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<Facts>(FACTS, [appUser]);
  return rows.map(({ schema, grantee, isTenant, rights, owner }) => {
    const voidsIsolation = grantee !== schema;
    const revoke = `REVOKE ALL ON SCHEMA ${schema} FROM ${grantee}`;
    if (owner !== null) {
      const statements = [`ALTER SCHEMA ${schema} OWNER TO ${owner}`];
      return { text: `${grantee} owns the schema ${schema}`, statements, voidsIsolation };
    }
    if (grantee === schema) {
      const text = `${grantee} has ${rights} on its schema, where it may only use what is there`;
      return {
        text,
        statements: [revoke, `GRANT USAGE ON SCHEMA ${schema} TO ${grantee}`],
        isSafeToMend: true,
        voidsIsolation,
      };
    }
    const text = isTenant
      ? `${grantee} has the rights of ${schema}, which no tenant may have`
      : `${grantee} reaches ${schema} outside the tenant transaction`;
    return { text, statements: [revoke], isSafeToMend: true, voidsIsolation };
  });
}
