import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, OWNER_OF_TABLES, ROLES, THIS_DATABASE } from './deviation.js';

/** Predefined roles that read no tables and no files. */
const HARMLESS = [
  'pg_read_all_stats',
  'pg_read_all_settings',
  'pg_stat_scan_tables',
  'pg_monitor',
  'pg_signal_backend',
  'pg_signal_autovacuum_worker',
  'pg_checkpoint',
  'pg_use_reserved_connections',
];

// One row for each membership that is not as the program makes it. A superuser revokes what was granted by the first
// superuser (OID 10) without naming the grantor.
// The options are columns from PostgreSQL 16 on; before, SET is always possible, and INHERIT is the role's.
const facts = (hasOptions: boolean) => `
  WITH ${ROLES}, membership AS (
    SELECT m.member, m.roleid, m.grantor, m.admin_option AS admin, ${hasOptions ? 'm.inherit_option' : 'false'} AS inherit,
      bool_or(${hasOptions ? 'm.set_option' : 'true'}) OVER (PARTITION BY m.member, m.roleid) AS set
    FROM pg_catalog.pg_auth_members m
    WHERE m.member IN (SELECT oid FROM own)
  )
  SELECT r.oid, quote_ident(m.rolname) AS member, quote_ident(r.rolname) AS role, m.rolname = $1 AS "isProgram",
    m.oid IN (SELECT oid FROM platform) AS "isPlatform", t.oid IS NOT NULL OR s.roleid IN (SELECT oid FROM platform) AS "isOurs", s.admin, s.inherit, s.set, r.rolname = ANY ($2) AS "isHarmless",
    m.rolname = $1 OR m.oid IN (SELECT oid FROM platform) OR m.rolname IN (SELECT name FROM tenant WHERE is_here) AS "isHere",
    CASE WHEN g.oid <> 10 AND ${hasOptions}
      THEN ' GRANTED BY ' || quote_ident(g.rolname) ELSE '' END AS "grantedBy"
  FROM membership s
  JOIN pg_catalog.pg_roles m ON m.oid = s.member JOIN pg_catalog.pg_roles r ON r.oid = s.roleid
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = s.grantor LEFT JOIN tenant t ON t.oid = s.roleid
  WHERE NOT (m.rolname = $1 AND NOT s.admin
    AND (r.rolname = 'pg_read_all_stats'
      OR (t.oid IS NOT NULL OR s.roleid IN (SELECT oid FROM platform)) AND s.set AND NOT s.inherit))
  ORDER BY m.rolname <> $1, m.rolname, r.rolname`;

interface Facts {
  readonly oid: number;
  readonly member: string;
  readonly role: string;
  readonly isProgram: boolean;
  /** True if the member is the operators' role. */
  readonly isPlatform: boolean;
  /** True if the role is a tenant's, or that of operators. */
  readonly isOurs: boolean;
  readonly admin: boolean;
  readonly inherit: boolean;
  /** True if this membership, or another in the same role, allows to take on the role. */
  readonly set: boolean;
  readonly isHarmless: boolean;
  /** True if the member is the program's role, or that of a tenant in this database. */
  readonly isHere: boolean;
  /** The end of the statement that revokes it. */
  readonly grantedBy: string;
}

// Roles that lead, over any number of memberships, to one with a power of its own or with a right in this database.
const POWERFUL = `
  WITH RECURSIVE up (start, role) AS (
    SELECT oid, oid FROM unnest($1::oid[]) AS s (oid)
    UNION
    SELECT up.start, m.roleid FROM up JOIN pg_catalog.pg_auth_members m ON m.member = up.role
  )
  SELECT DISTINCT up.start AS oid
  FROM up JOIN pg_catalog.pg_roles r ON r.oid = up.role
  WHERE r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole
    OR r.rolname ~ '^pg_' AND r.rolname <> ALL ($2)
    OR EXISTS (
      SELECT FROM pg_catalog.pg_shdepend d
      WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype IN ('a', 'o')
        AND (d.dbid = ${THIS_DATABASE} OR d.classid = 'pg_database'::regclass AND d.objid = ${THIS_DATABASE}))`;

/**
 * Finds memberships of the program's role beyond those in the tenants' and the operators' roles, to take on but not to
 * inherit or to give away, and all memberships of these roles.
 */
export async function examineMemberships(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const version = await client.query<{ has: boolean }>(
    "SELECT current_setting('server_version_num')::integer >= 160000 AS has",
  );
  const { rows } = await client.query<Facts>(facts(version.rows[0]!.has), [appUser, HARMLESS]);
  if (rows.length === 0) return [];
  const { rows: found } = await client.query<{ oid: number }>(POWERFUL, [
    rows.map(({ oid }) => oid),
    HARMLESS,
  ]);
  const powerful = new Set(found.map(({ oid }) => oid));
  return rows.map((row) => deviationOf(row, powerful.has(row.oid)));
}

function deviationOf(facts: Facts, isPowerful: boolean): Deviation {
  const { member, role, isProgram, isPlatform, isOurs, admin, inherit, set } = facts;
  const revoke = { statements: [`REVOKE ${role} FROM ${member}${facts.grantedBy}`] };
  if (!isProgram) {
    const text = `${member} has the rights of ${role}, which ${isPlatform ? 'operators may not have' : 'no tenant may have'}`;
    return { text, ...revoke, voidsIsolation: isPowerful, isSafeToMend: facts.isHere };
  }
  if (isOurs) {
    if (admin)
      return {
        text: `${member} may give ${role} away`,
        ...optionOff('ADMIN', facts),
        voidsIsolation: true,
      };
    if (inherit)
      return {
        text: `${member} has the rights of ${role} outside the tenant transaction`,
        ...optionOff('INHERIT', facts),
        voidsIsolation: true,
      };
    if (!set) return { text: `${member} may not take on ${role}`, statements: null };
  }
  if (facts.isHarmless || !isPowerful) {
    // Such as a provider's role for other ways to log in.
    const text = `${member} is a member of ${role}, which the program does not need`;
    return { text, ...revoke, isSlight: !facts.isHarmless };
  }
  const text = `${member} is a member of ${role}, and so has rights beyond the program’s`;
  return { text, ...revoke, voidsIsolation: true, isSafeToMend: true };
}

const optionOff = (option: string, { member, role, grantedBy }: Facts) => ({
  statements: [`REVOKE ${option} OPTION FOR ${role} FROM ${member}${grantedBy}`],
  isSafeToMend: true,
});

// The owner, superusers and creators, who hold ADMIN, could act as these roles anyway; the programs of other databases,
// which may have tenants of the same names, cannot connect here.
const OTHERS = `
  WITH ${ROLES}
  SELECT quote_ident(r.rolname) AS member, quote_ident(own.name) AS role
  FROM pg_catalog.pg_auth_members m JOIN own ON own.oid = m.roleid JOIN pg_catalog.pg_roles r ON r.oid = m.member
  WHERE r.rolname <> $1 AND r.oid NOT IN (SELECT oid FROM tenant) AND NOT r.rolsuper
    AND has_database_privilege(r.oid, current_database(), 'CONNECT')
    AND r.oid <> ${OWNER_OF_TABLES}
    AND r.oid <> (SELECT datdba FROM pg_catalog.pg_database WHERE datname = current_database())
  GROUP BY r.rolname, own.name
  HAVING NOT bool_or(m.admin_option)
  ORDER BY r.rolname, own.name`;

/** Finds roles that may act as the program or as a tenant without being the owner or an administrator. */
export async function examineOtherMembers(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<{ member: string; role: string }>(OTHERS, [appUser]);
  return rows.map(({ member, role }) => ({
    text: `${member} is a member of ${role} and may act as it`,
    statements: [`REVOKE ${role} FROM ${member}`],
  }));
}
