import { readMigrations } from '../../database/migration-files.js';
import type { OwnerClient } from '../../database/owner.js';
import { PLATFORM_ROLE, RIGHTS_OF_THE_PLATFORM } from '../../database/platform-role.js';
import { RIGHTS_OF_THE_PROGRAM } from '../../database/roles.js';
import { type Deviation, ROLES, THIS_DATABASE } from './deviation.js';
import { missingRights, type Right, surplusRights, type TableRights } from './program-rights.js';

// The server keeps a list of the objects on which each role has rights. Parameters and default privileges are examined
// apart, other databases belong to others.
const objectsOf = (roles: 'program' | 'platform' | 'tenant') => `
  SELECT DISTINCT r.oid AS role, d.classid, d.objid
  FROM ${roles} AS r JOIN pg_catalog.pg_shdepend d
    ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'a'
  WHERE (d.dbid = ${THIS_DATABASE} OR d.dbid = 0 AND (d.classid <> 'pg_database'::regclass OR d.objid = ${THIS_DATABASE}))
    AND d.classid NOT IN ('pg_parameter_acl'::regclass, 'pg_default_acl'::regclass)`;

const rightsOf = (role: 'program' | 'platform') => `
  WITH ${ROLES}, object AS (${objectsOf(role)}),
  relation AS (
    SELECT c.oid, c.relname, c.relnamespace, n.nspname, a.privilege_type, NULL AS attname, a.is_grantable
    FROM object o JOIN pg_catalog.pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN aclexplode(c.relacl) a WHERE a.grantee = o.role
    UNION ALL
    SELECT c.oid, c.relname, c.relnamespace, n.nspname, a.privilege_type, t.attname, a.is_grantable
    FROM object o JOIN pg_catalog.pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid CROSS JOIN aclexplode(t.attacl) a WHERE a.grantee = o.role
  )
  SELECT nspname AS schema, relname AS name, attname AS "column", privilege_type AS privilege, is_grantable AS grantable,
    quote_ident(nspname) || '.' || quote_ident(relname) AS identity, 'TABLE' AS type
  FROM relation
  UNION ALL
  SELECT nspname, '', NULL, a.privilege_type, a.is_grantable, quote_ident(nspname), 'SCHEMA'
  FROM object o JOIN pg_catalog.pg_namespace n ON o.classid = 'pg_namespace'::regclass AND n.oid = o.objid
  CROSS JOIN aclexplode(n.nspacl) a WHERE a.grantee = o.role
  UNION ALL
  SELECT '', '', NULL, a.privilege_type, a.is_grantable, quote_ident(datname), 'DATABASE'
  FROM object o JOIN pg_catalog.pg_database b ON o.classid = 'pg_database'::regclass AND b.oid = o.objid
  CROSS JOIN aclexplode(b.datacl) a WHERE a.grantee = o.role
  UNION ALL
  SELECT '', '', NULL, 'ALL', false, i.identity, upper(i.type)
  FROM object o CROSS JOIN pg_identify_object(o.classid, o.objid, 0) i
  WHERE o.classid NOT IN ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_database'::regclass)`;

const OF_PROGRAM = rightsOf('program');
const OF_PLATFORM = rightsOf('platform');

/** Finds rights that the program's role has beyond those that the migrations give it, and those that it lacks. */
export async function examineProgramRights(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<Right>(OF_PROGRAM, [appUser]);
  return await compareRights(client, appUser, rows, RIGHTS_OF_THE_PROGRAM);
}

/** Finds the same of the operators' role. */
export async function examinePlatformRights(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows: found } = await client.query(PLATFORM_EXISTS, [PLATFORM_ROLE, appUser]);
  const { exists, user } = found[0];
  if (!exists) {
    const statements = [`CREATE ROLE ${PLATFORM_ROLE} NOLOGIN`, `GRANT ${PLATFORM_ROLE} TO ${user}`];
    const text = `the role ${PLATFORM_ROLE} of the operators’ API is missing`;
    return [{ text, statements, isSlight: true }];
  }
  const { rows } = await client.query<Right>(OF_PLATFORM, [appUser]);
  return await compareRights(client, PLATFORM_ROLE, rows, RIGHTS_OF_THE_PLATFORM);
}

const PLATFORM_EXISTS = 'SELECT to_regrole($1) IS NOT NULL AS exists, quote_ident($2) AS user';

async function compareRights(
  client: OwnerClient,
  role: string,
  rows: readonly Right[],
  given: TableRights,
): Promise<Deviation[]> {
  const { rows: about } = await client.query<{ name: string; isNewer: boolean }>(
    `SELECT quote_ident($1) AS name, EXISTS (
       SELECT FROM public.migration_ledger WHERE scope = 'shared' AND number > $2) AS "isNewer"`,
    [role, readMigrations().shared.length],
  );
  const { name, isNewer } = about[0]!;
  // A newer version of the program may have given rights on tables that this one does not know.
  const unknown = surplusRights(rows, given).filter(
    ({ schema, type }) => !(isNewer && schema === 'public' && type === 'TABLE'),
  );
  const surplus = unknown.map((right): Deviation => {
    const { type, identity, grantable, schema } = right;
    const names = right.names.join(', ');
    const text = `${name} has ${names}${grantable ? ' WITH GRANT OPTION' : ''} on ${type.toLowerCase()} ${identity}`;
    const what = right.areNeeded ? `GRANT OPTION FOR ${names}` : names;
    return {
      text: `${text}, which the program does not need`,
      statements: [`REVOKE ${what} ON ${forGrant(type)} ${identity} FROM ${name}`],
      isSafeToMend: true,
      voidsIsolation: schema.startsWith('tenant_'),
    };
  });
  const missing = missingRights(rows, given);
  if (missing.length === 0) return surplus;
  return [...surplus, { text: `${name} lacks ${missing.join(', ')}`, statements: null }];
}

const OF_TENANTS = `
  WITH ${ROLES}, object AS (${objectsOf('tenant')}),
  foreign_object AS (
    SELECT tenant.name, tenant.is_here, o.classid, o.objid FROM object o JOIN tenant ON tenant.oid = o.role
    LEFT JOIN pg_catalog.pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid
    LEFT JOIN pg_catalog.pg_proc p ON o.classid = 'pg_proc'::regclass AND p.oid = o.objid
    LEFT JOIN pg_catalog.pg_type t ON o.classid = 'pg_type'::regclass AND t.oid = o.objid
    WHERE coalesce(c.relnamespace, p.pronamespace, t.typnamespace,
      CASE WHEN o.classid = 'pg_namespace'::regclass THEN o.objid END) IS DISTINCT FROM tenant.namespace
  )
  SELECT quote_ident(f.name) AS name, upper(i.type) AS type, i.identity, f.is_here AS "isHere"
  FROM foreign_object f CROSS JOIN pg_identify_object(f.classid, f.objid, 0) i
  WHERE NOT (f.classid = 'pg_namespace'::regclass AND i.name ~ '^tenant_[a-z]')
  ORDER BY f.name, i.identity`;

interface ForeignObject {
  readonly name: string;
  readonly type: string;
  readonly identity: string;
  /** True if the role is that of a tenant in this database. */
  readonly isHere: boolean;
}

/** Finds rights of tenants' roles on anything outside of their own schemas. Schemas are examined apart. */
export async function examineTenantRights(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<ForeignObject>(OF_TENANTS, [appUser]);
  return rows.map(({ name, type, identity, isHere }) => ({
    text: `${name} has rights on ${type.toLowerCase()} ${identity}, outside of its schema`,
    statements: [`REVOKE ALL ON ${forGrant(type)} ${identity} FROM ${name}`],
    isSafeToMend: isHere,
  }));
}

/** Returns the word for a type of object in GRANT and REVOKE. */
function forGrant(type: string): string {
  const words: Readonly<Record<string, string>> = {
    SERVER: 'FOREIGN SERVER',
    'FOREIGN TABLE': 'TABLE',
    VIEW: 'TABLE',
    'MATERIALIZED VIEW': 'TABLE',
    AGGREGATE: 'FUNCTION',
  };
  return words[type] ?? type;
}
