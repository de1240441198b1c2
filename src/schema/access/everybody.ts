import type { OwnerClient } from '../../database/owner.js';
import type { Deviation } from './deviation.js';

interface Facts {
  readonly what: string;
  readonly rights: string;
  readonly on: string;
  readonly isSlight: boolean;
}

// Everybody's rights on this database and on schema public, and those on the server's own functions and tables beyond the
// ones that it began with.
const FACTS = `
  SELECT 'database ' || quote_ident(datname) AS what, a.privilege_type AS rights, 'DATABASE ' || quote_ident(datname) AS on,
    a.privilege_type = 'CONNECT' AS "isSlight"
  FROM pg_catalog.pg_database CROSS JOIN aclexplode(coalesce(datacl, acldefault('d', datdba))) a
  WHERE datname = current_database() AND a.grantee = 0
  UNION ALL
  SELECT 'schema ' || quote_ident(nspname), a.privilege_type, 'SCHEMA ' || quote_ident(nspname), false
  FROM pg_catalog.pg_namespace CROSS JOIN aclexplode(nspacl) a
  WHERE nspname IN ('public', 'pg_catalog', 'information_schema') AND a.grantee = 0 AND a.privilege_type <> 'USAGE'
  UNION ALL
  SELECT 'function ' || p.oid::regprocedure, a.privilege_type, 'FUNCTION ' || p.oid::regprocedure, false
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid AND i.privtype = 'i'
  CROSS JOIN aclexplode(p.proacl) a
  WHERE a.grantee = 0 AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) b WHERE b.grantee = 0)
  UNION ALL
  SELECT 'table ' || c.oid::regclass, a.privilege_type, 'TABLE ' || c.oid::regclass, false
  FROM pg_catalog.pg_class c
  LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid
  CROSS JOIN aclexplode(c.relacl) a
  WHERE c.relnamespace = 'pg_catalog'::regnamespace AND a.grantee = 0 AND NOT EXISTS (
    SELECT FROM aclexplode(i.initprivs) b WHERE b.grantee = 0 AND b.privilege_type = a.privilege_type)
  ORDER BY 1, 2`;

/** Finds rights of everybody (PUBLIC) on the database, its schema `public` and the server's own objects. */
export async function examineEverybody(client: OwnerClient): Promise<Deviation[]> {
  const { rows } = await client.query<Facts>(FACTS);
  return rows.map(({ what, rights, on, isSlight }) => ({
    text: `everybody has ${rights} on ${what}`,
    statements: [`REVOKE ${rights} ON ${on} FROM PUBLIC`],
    isSlight,
  }));
}

const OPEN_DATABASES = `
  SELECT quote_ident(datname) AS name
  FROM pg_catalog.pg_database CROSS JOIN aclexplode(coalesce(datacl, acldefault('d', datdba))) a
  WHERE datname <> current_database() AND datallowconn AND a.grantee = 0 AND a.privilege_type = 'CONNECT'
  ORDER BY 1`;

/** Finds other databases of the server that the program's role may enter because everybody may. */
export async function examineOtherDatabases(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<{ name: string }>(OPEN_DATABASES);
  return rows.map(({ name }) => ({
    text: `${appUser} may enter ${name}, as everybody may`,
    statements: [`REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`],
    isSlight: true,
  }));
}
