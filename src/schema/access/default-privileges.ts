import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, OWNER_OF_TABLES, ROLES } from './deviation.js';

const KINDS: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'FUNCTIONS',
  T: 'TYPES',
  n: 'SCHEMAS',
  L: 'LARGE OBJECTS',
};

// The program makes: the rights of a tenant's role on later tables of its schema. Entries for all schemas contain
// PostgreSQL's own default, by which everybody may use functions and types.
const FACTS = `
  WITH ${ROLES}, entry AS (
    SELECT d.oid, d.defaclrole, d.defaclobjtype, d.defaclnamespace, d.defaclacl, n.nspname, n.nspowner
    FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
  )
  SELECT quote_ident(pg_get_userbyid(e.defaclrole)) AS role, quote_ident(e.nspname) AS schema,
    e.defaclobjtype::text AS kind, coalesce(quote_ident(r.rolname), 'PUBLIC') AS grantee, true AS "isGrant"
  FROM entry e CROSS JOIN aclexplode(e.defaclacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
  WHERE (a.grantee = 0 OR a.grantee IN (SELECT oid FROM own))
    AND NOT (r.rolname IS NOT NULL AND r.rolname = e.nspname AND e.defaclobjtype = 'r' AND e.defaclrole = e.nspowner)
    AND NOT (a.grantee = 0 AND e.defaclnamespace = 0 AND e.defaclobjtype IN ('f', 'T'))
  GROUP BY e.defaclrole, e.nspname, e.defaclobjtype, r.rolname
  UNION ALL
  SELECT quote_ident(pg_get_userbyid(e.defaclrole)), NULL, e.defaclobjtype::text, 'PUBLIC', false
  FROM entry e
  WHERE e.defaclnamespace = 0 AND e.defaclobjtype IN ('f', 'T')
    AND e.defaclrole = ${OWNER_OF_TABLES}
    AND NOT EXISTS (SELECT FROM aclexplode(e.defaclacl) a WHERE a.grantee = 0)
  ORDER BY 1, 2, 3, 4`;

interface Facts {
  /** The role whose later objects they concern. */
  readonly role: string;
  /** Null for all schemas. */
  readonly schema: string | null;
  readonly kind: string;
  readonly grantee: string;
  /** False for a right that is taken away. */
  readonly isGrant: boolean;
}

/** Finds default privileges by which later objects would have other rights than the program gives them. */
export async function examineDefaultPrivileges(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<Facts>(FACTS, [appUser]);
  return rows.map(({ role, schema, kind, grantee, isGrant }) => {
    const objects = KINDS[kind] ?? 'TABLES';
    const alter = `ALTER DEFAULT PRIVILEGES FOR ROLE ${role}${schema === null ? '' : ` IN SCHEMA ${schema}`}`;
    if (!isGrant) {
      const right = kind === 'f' ? 'EXECUTE' : 'USAGE';
      const text = `nobody but ${role} may use its later ${objects.toLowerCase()}`;
      return { text, statements: [`${alter} GRANT ${right} ON ${objects} TO PUBLIC`] };
    }
    return {
      text: `${grantee} gets rights on later ${objects.toLowerCase()} of ${role}${schema === null ? '' : ` in ${schema}`}`,
      statements: [`${alter} REVOKE ALL ON ${objects} FROM ${grantee}`],
    };
  });
}
