import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, ROLES } from './deviation.js';

const FACTS = `
  WITH ${ROLES}
  SELECT quote_ident(r.rolname) AS name, r.rolname = $1 AS "isProgram",
    r.oid IN (SELECT oid FROM platform) AS "isPlatform",
    r.rolname = $1 OR r.oid IN (SELECT oid FROM platform) OR r.rolname IN (SELECT name FROM tenant WHERE is_here) AS "isHere", r.rolsuper AS super, r.rolbypassrls AS bypasses,
    r.rolreplication AS replicates, r.rolcreaterole AS "createsRoles", r.rolcreatedb AS "createsDatabases",
    r.rolcanlogin AS "logsIn", r.rolinherit AS inherits,
    current_setting('server_version_num')::integer < 160000 AS "byRole"
  FROM pg_catalog.pg_roles r
  WHERE r.oid IN (SELECT oid FROM own)
    AND (r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole OR r.rolcreatedb
      OR r.rolcanlogin AND r.rolname <> $1 OR r.rolinherit AND r.rolname = $1)
  ORDER BY r.rolname <> $1, r.rolname`;

interface Facts {
  readonly name: string;
  readonly isProgram: boolean;
  readonly isPlatform: boolean;
  /** True if it is the program's role, that of operators, or that of a tenant in this database. */
  readonly isHere: boolean;
  readonly super: boolean;
  readonly bypasses: boolean;
  readonly replicates: boolean;
  readonly createsRoles: boolean;
  readonly createsDatabases: boolean;
  readonly logsIn: boolean;
  readonly inherits: boolean;
  /** True if inheritance and the right to grant roles belong to the role, as before PostgreSQL 16. */
  readonly byRole: boolean;
}

function whose({ isProgram, isPlatform }: Facts): string {
  if (isProgram) return 'the program’s role';
  return isPlatform ? 'the operators’ role' : 'a tenant’s role';
}

/** Finds attributes that the program's role, that of operators and the tenants' roles must not have, all of one role in one deviation. */
export async function examineAttributes(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<Facts>(FACTS, [appUser]);
  return rows.flatMap((role) => {
    // On PostgreSQL 15, CREATEROLE may grant itself every role but superusers.
    const wrong = [
      [role.super, 'SUPERUSER', true],
      [role.bypasses, 'BYPASSRLS', true],
      [role.replicates, 'REPLICATION', true],
      [role.createsRoles, 'CREATEROLE', role.byRole],
      [role.createsDatabases, 'CREATEDB', false],
      [role.logsIn && !role.isProgram, 'LOGIN', true],
      [role.inherits && role.isProgram && role.byRole, 'INHERIT', true],
    ] as const;
    const found = wrong.filter(([is]) => is);
    if (found.length === 0) return [];
    const names = found.map(([, name]) => name);
    return {
      text: `${role.name} has ${names.join(' and ')}, which ${whose(role)} must not have`,
      statements: [`ALTER ROLE ${role.name} ${names.map((name) => `NO${name}`).join(' ')}`],
      isSafeToMend: role.isHere,
      voidsIsolation: found.some(([, , voids]) => voids),
    };
  });
}
