import type { ConnectionSettings } from '../config/config.js';
import { ok, problem, type Result, warning } from '../database/finding.js';
import type { OwnerClient } from '../database/owner.js';
import { mayNotCreateRoles } from '../database/roles.js';
import { quoteIdentifier } from '../database/schema-name.js';

const ROLE_FACTS = `
  SELECT r.rolname AS name, r.rolsuper OR r.rolbypassrls AS privileged, r.rolinherit AS inherits,
         current_setting('server_version_num')::integer >= 160000 AS "byMembership",
         (SELECT count(*) FROM pg_shdepend s
          WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'o') AS owned,
         (SELECT min(t.schema_name) FROM public.tenants_tenant t
          WHERE to_regnamespace(quote_ident(t.schema_name)) IS NOT NULL
            AND has_schema_privilege(r.oid, to_regnamespace(quote_ident(t.schema_name)), 'USAGE')) AS "reachable"
  FROM pg_roles r WHERE r.rolname = current_user`;

interface RoleFacts {
  readonly name: string;
  readonly privileged: boolean;
  readonly inherits: boolean;
  readonly byMembership: boolean;
  readonly owned: string;
  readonly reachable: string | null;
}

// A tenant's role is a member of no other role, and has no privileges on other tenants' schemas.
const CROSSINGS = `
  WITH tenant AS (
    SELECT to_regrole(quote_ident(schema_name)) AS role, to_regnamespace(quote_ident(schema_name)) AS schema
    FROM public.tenants_tenant
  )
  SELECT m.member::regrole::text AS role, m.roleid::regrole::text AS other,
         format('REVOKE %s FROM %s', m.roleid::regrole, m.member::regrole) AS revoke
  FROM pg_auth_members m JOIN tenant ON tenant.role = m.member
  UNION ALL
  SELECT a.grantee::regrole::text, n.oid::regnamespace::text,
         format('REVOKE ALL ON SCHEMA %s FROM %s', n.oid::regnamespace, a.grantee::regrole)
  FROM tenant JOIN pg_namespace n ON n.oid = tenant.schema, aclexplode(n.nspacl) a
  WHERE a.grantee IN (SELECT role FROM tenant) AND a.grantee <> tenant.role
  ORDER BY role, other
  LIMIT 1`;

interface Crossing {
  readonly role: string;
  readonly other: string;
  readonly revoke: string;
}

/**
 * Checks that the program's role owns nothing and reaches tenants only in their transactions, and that no tenant
 * reaches another.
 */
export async function examineRoles(client: OwnerClient, owner: ConnectionSettings | null): Promise<Result> {
  const { rows } = await client.query<RoleFacts>(ROLE_FACTS);
  const { name, privileged, inherits, byMembership, owned, reachable } = rows[0]!;
  if (privileged)
    return problem(`${name} is a superuser or bypasses row security; set DB_USER to a role without rights`);
  if (Number(owned) > 0) {
    return problem(`${name} owns ${owned} objects and must own none; as a superuser run: REASSIGN OWNED`);
  }
  if (reachable !== null) {
    return problem(
      `${name} reaches ${reachable} outside the tenant transaction; run: leopard migrate, and revoke its own rights`,
    );
  }
  if (inherits && !byMembership)
    return problem(`${name} inherits the tenants' rights; run: ALTER ROLE ${name} NOINHERIT`);
  const crossing = (await client.query<Crossing>(CROSSINGS)).rows[0];
  if (crossing) {
    const { role, other, revoke } = crossing;
    return problem(
      `${role} has the rights of ${other}, which no tenant may have; as a superuser run: ${revoke}`,
    );
  }
  if (!owner) {
    return warning(
      `${name} is as it should be; without DB_OWNER_USER (or DATABASE_OWNER_URL) nothing can be migrated from here`,
    );
  }
  return ok(`${name} owns nothing and reaches no tenant outside the tenant transaction`);
}

const OWNER_FACTS = `
  SELECT rolsuper OR rolcreaterole AS "createsRoles",
         has_database_privilege(oid, current_database(), 'CREATE') AS "createsSchemas",
         current_database() AS database
  FROM pg_roles WHERE rolname = $1`;

interface OwnerFacts {
  readonly createsRoles: boolean;
  readonly createsSchemas: boolean;
  readonly database: string;
}

/** Checks that the owner can create what a new tenant needs: a role and a schema. */
export async function examineOwner(client: OwnerClient, { user }: ConnectionSettings): Promise<Result> {
  const { rows } = await client.query<OwnerFacts>(OWNER_FACTS, [user]);
  if (!rows[0]) return problem(`there is no role ${user}; set DB_OWNER_USER to the owner of the database`);
  const { createsRoles, createsSchemas, database } = rows[0];
  if (!createsRoles) return problem(mayNotCreateRoles(user));
  if (!createsSchemas) {
    return problem(
      `${user} may not create schemas, so no tenant; as a superuser run: ALTER DATABASE ${quoteIdentifier(database)} OWNER TO ${quoteIdentifier(user)}`,
    );
  }
  return ok(`${user} may create tenants' roles and schemas`);
}
