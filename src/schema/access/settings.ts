import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, OWNER_OF_TABLES, ROLES, THIS_DATABASE } from './deviation.js';

/** Settings with which whoever may set them gets past triggers, rights or the sandbox of the server. */
const VOIDING = [
  'session_replication_role',
  'session_preload_libraries',
  'dynamic_library_path',
  'allow_system_table_mods',
  'lo_compat_privileges',
];

const GRANTED = `
  WITH ${ROLES}
  SELECT p.parname AS name, coalesce(quote_ident(r.rolname), 'PUBLIC') AS grantee, a.privilege_type AS "right"
  FROM pg_catalog.pg_parameter_acl p CROSS JOIN aclexplode(p.paracl) a
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
  WHERE a.grantee = 0 OR a.grantee IN (SELECT oid FROM own)
  ORDER BY 1, 2, 3`;

/** Finds server settings that the program's role, a tenant's or everybody may set although they are a superuser's. */
export async function examineGrantedSettings(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<{ name: string; grantee: string; right: string }>(GRANTED, [appUser]);
  return rows.map(({ name, grantee, right }) => ({
    text: `${grantee} may ${right} ${name}, which only a superuser may`,
    statements: [`REVOKE ${right} ON PARAMETER ${name} FROM ${grantee}`],
    voidsIsolation: right === 'ALTER SYSTEM' || VOIDING.includes(name),
  }));
}

/** Settings that change speed, formats, limits and logs, but neither rights nor results. */
const ORDINARY = `s.category ~ '^(Query Tuning|Resource Usage|Reporting and Logging|Statistics|Autovacuum|Vacuuming)'
    OR s.category = 'Client Connection Defaults / Locale and Formatting'
    OR s.name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout',
      'idle_session_timeout', 'application_name', 'tcp_keepalives_idle', 'tcp_keepalives_interval',
      'tcp_keepalives_count', 'tcp_user_timeout', 'client_connection_check_interval', 'deadlock_timeout')`;

const STORED = `
  WITH ${ROLES}
  SELECT split_part(c.setting, '=', 1) AS name, quote_ident(r.rolname) AS role, quote_ident(b.datname) AS database
  FROM pg_catalog.pg_db_role_setting d CROSS JOIN unnest(d.setconfig) AS c (setting)
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = d.setrole LEFT JOIN pg_catalog.pg_database b ON b.oid = d.setdatabase
  LEFT JOIN pg_catalog.pg_settings s ON s.name = split_part(c.setting, '=', 1)
  WHERE d.setrole IN (SELECT oid FROM own UNION ALL SELECT 0 UNION ALL SELECT ${OWNER_OF_TABLES})
    AND d.setdatabase IN (0, ${THIS_DATABASE})
    AND (${ORDINARY}) IS NOT TRUE
  ORDER BY 2 NULLS FIRST, 3 NULLS FIRST, 1`;

interface Stored {
  readonly name: string;
  /** Null for all roles. */
  readonly role: string | null;
  /** Null for all databases. */
  readonly database: string | null;
}

/**
 * Finds settings stored with the database or with one of the program's roles (`ALTER ROLE … SET`) that change more than
 * speed, formats, limits and logs.
 */
export async function examineStoredSettings(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const { rows } = await client.query<Stored>(STORED, [appUser]);
  return rows.map(({ name, role, database }) => {
    const within = database === null ? '' : ` IN DATABASE ${database}`;
    const whose = role === null ? 'all roles' : role;
    // Those of extensions, such as pgaudit's; but not of what runs the program's functions, nor the program's own.
    const isSlight = name.includes('.') && !/^(leopard|plpgsql)\./.test(name);
    return {
      isSlight,
      text: `${name} is set for ${whose}${within.toLowerCase()}, which the program does not expect`,
      statements: [`ALTER ROLE ${role ?? 'ALL'}${within} RESET ${name}`],
    };
  });
}
