import { PlainError } from '../platform/plain-error.js';
import type { OwnerClient } from './owner.js';
import { PLATFORM_ROLE, platformRightsSql } from './platform-role.js';
import { INSUFFICIENT_PRIVILEGE } from './reachability.js';
import { checkSchemaName, quoteIdentifier, quoteLiteral } from './schema-name.js';

/** The privileges of the program's own role in `public`; everything else it reaches through a tenant's role. */
export const RIGHTS_OF_THE_PROGRAM: Readonly<Record<string, string>> = {
  migration_ledger: 'SELECT',
  tenants_tenant: 'SELECT',
  tenants_domain: 'SELECT',
  tenant_incarnation: 'SELECT',
  tenant_deletion: 'SELECT',
  immigration_event_processing_control: 'SELECT, UPDATE',
  event_capture: 'SELECT',
  // Written by SECURITY DEFINER functions.
  event_queue: 'SELECT',
  event_segment: 'SELECT',
  delivery_segment: 'SELECT',
  event_sleeper: 'SELECT, INSERT, UPDATE, DELETE',
  event_pause: 'SELECT, INSERT, UPDATE, DELETE',
  delivery_queue: 'SELECT, UPDATE (claimed_until)',
  // Written by a trigger of the tenants' tables.
  client_import_queue: 'SELECT',
  job_tenant: 'SELECT',
  job_change: 'SELECT',
  job_run: 'SELECT, INSERT, UPDATE',
  log_retention: 'SELECT',
  migration_failure: 'SELECT',
  write_position: 'SELECT, INSERT, UPDATE, DELETE',
};

/** The program's own tables in `public`. */
export const SHARED_TABLES: readonly string[] = Object.keys(RIGHTS_OF_THE_PROGRAM);

interface RoleRow {
  rolsuper: boolean;
  rolinherit: boolean;
}

/** PostgreSQL 16 and newer hold inheritance per membership, older ones per role. */
export const GRANT_BY_MEMBERSHIP_FROM = 160_000;

/**
 * Grants the program's role its privileges on `public`. The role must exist: only whoever runs the server knows its
 * password.
 * @throws PlainError when the role is missing, a superuser, or would inherit the tenants' privileges
 */
export async function ensureAppRole(client: OwnerClient, appUser: string): Promise<void> {
  const found = await client.query<RoleRow>('SELECT rolsuper, rolinherit FROM pg_roles WHERE rolname = $1', [
    appUser,
  ]);
  const role = found.rows[0];
  if (!role)
    throw new PlainError(
      `the database role ${appUser} does not exist; create it, or set DB_USER to one that does`,
    );
  if (role.rolsuper) {
    throw new PlainError(
      `the database role ${appUser} is a superuser, which would break the isolation of tenants; set DB_USER to a role without rights`,
    );
  }
  if (role.rolinherit) await stopInheriting(client, appUser);
  const perMembership = (await serverVersion(client)) >= GRANT_BY_MEMBERSHIP_FROM;
  await client.query(platformRoleSql(appUser, perMembership));
  await client.query(programRightsSql(appUser));
}

/**
 * Returns the statement that creates the operators' role and lets the program's role assume it, where the current user
 * may; `leopard doctor` reports what is lacking.
 */
export function platformRoleSql(appUser: string, perMembership: boolean): string {
  return tolerantly(`
    BEGIN
      ${roleAndMembershipSql(PLATFORM_ROLE, appUser, perMembership)}
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE '%', SQLERRM;
    END;`);
}

/** Returns statements that create a role, if it is missing, which the program's role may assume but not inherit. */
function roleAndMembershipSql(name: string, appUser: string, perMembership: boolean): string {
  const [role, user] = [quoteIdentifier(name), quoteIdentifier(appUser)];
  return `
    IF to_regrole(${quoteLiteral(role)}) IS NULL THEN CREATE ROLE ${role} NOLOGIN; END IF;
    IF NOT EXISTS (
      SELECT FROM pg_auth_members m
      WHERE m.roleid = to_regrole(${quoteLiteral(role)}) AND m.member = to_regrole(${quoteLiteral(user)})
        ${perMembership ? 'AND m.set_option AND NOT m.inherit_option' : ''}
    ) THEN GRANT ${role} TO ${user}${perMembership ? ' WITH INHERIT FALSE, SET TRUE' : ''}; END IF;`;
}

/** Returns the statements that grant the program's and the operators' role their privileges. @param schema the one with the shared tables */
export function programRightsSql(appUser: string, schema = 'public'): string {
  const user = quoteIdentifier(appUser);
  const grants = Object.entries(RIGHTS_OF_THE_PROGRAM).map(
    ([table, rights]) => `GRANT ${rights} ON ${schema}.${table} TO ${user}`,
  );
  return `GRANT USAGE ON SCHEMA ${schema} TO ${user}; ${grants.join('; ')}; ${platformRightsSql(schema)}`;
}

const CLOSED_FUNCTION = /REVOKE EXECUTE ON FUNCTION (public\.\w+\([^)]*\)) FROM PUBLIC/g;

/**
 * Revokes EXECUTE from PUBLIC on the functions that the migrations close: a restore without privileges opens them to
 * everybody.
 */
export async function closeFunctions(
  client: OwnerClient,
  migrations: readonly { readonly sql: string }[],
): Promise<void> {
  const closed = migrations.flatMap(({ sql }) => [...sql.matchAll(CLOSED_FUNCTION)].map(([, name]) => name));
  const { rows } = await client.query<{ name: string }>(
    `SELECT p.oid::regprocedure::text AS name
     FROM unnest($1::text[]) AS c (name) JOIN pg_catalog.pg_proc p ON p.oid = to_regprocedure(c.name)
     WHERE EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0)`,
    [closed],
  );
  for (const { name } of rows) await client.query(`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`);
}

async function stopInheriting(client: OwnerClient, appUser: string): Promise<void> {
  if ((await serverVersion(client)) >= GRANT_BY_MEMBERSHIP_FROM) return;
  await client.query(`ALTER ROLE ${quoteIdentifier(appUser)} NOINHERIT`).catch(() => {
    throw new PlainError(
      `the database role ${appUser} would inherit the rights of every tenant; run: ALTER ROLE ${quoteIdentifier(appUser)} NOINHERIT`,
    );
  });
}

/** Explains what an owner that is neither a superuser nor has CREATEROLE lacks, and what to do. */
export function mayNotCreateRoles(owner: string): string {
  return `the database role ${owner} may not create roles, and every tenant needs one; as a superuser run: ALTER ROLE ${quoteIdentifier(owner)} CREATEROLE`;
}

/**
 * Creates the NOLOGIN role of a tenant, named as its schema, and lets the program's role assume it (but not inherit
 * it). Roles belong to the whole server, so another database may be creating the same one just now.
 * @throws PlainError when the owner lacks the privilege
 */
export async function ensureTenantRole(client: OwnerClient, schema: string, appUser: string): Promise<void> {
  const role = quoteIdentifier(checkSchemaName(schema));
  const perMembership = (await serverVersion(client)) >= GRANT_BY_MEMBERSHIP_FROM;
  const { rows } = await client.query<{ owner: string; createsRoles: boolean }>(
    `SELECT rolname AS owner, rolsuper OR rolcreaterole AS "createsRoles"
     FROM pg_roles WHERE rolname = current_user`,
  );
  const { owner, createsRoles } = rows[0]!;
  const statement = tolerantly(roleAndMembershipSql(schema, appUser, perMembership));
  await client.query(statement).catch((error: Error & { code?: string }) => {
    if (error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new PlainError(
      createsRoles
        ? `the database role ${owner} may not grant ${schema}, which another role has created; as a superuser run: GRANT ${role} TO ${quoteIdentifier(owner)} WITH ADMIN OPTION`
        : mayNotCreateRoles(owner),
      { cause: error },
    );
  });
}

/**
 * Returns the statements that grant a tenant's role its privileges on its schema: on existing tables and, through
 * default privileges, on those of later migrations, which revoke them where less is meant.
 */
export function schemaRightsSql(schema: string): string {
  const name = quoteIdentifier(checkSchemaName(schema));
  return `
    GRANT USAGE ON SCHEMA ${name} TO ${name};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${name} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${name};`;
}

/**
 * Drops a tenant's role, unless another database of the server has a tenant of the same name.
 * @returns whether it was dropped
 */
export async function dropTenantRole(client: OwnerClient, schema: string): Promise<boolean> {
  const role = quoteIdentifier(checkSchemaName(schema));
  await client.query(`
    DO $$ BEGIN
      DROP ROLE IF EXISTS ${role};
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
      RAISE NOTICE '%', SQLERRM;
    END $$`);
  const { rows } = await client.query('SELECT to_regrole($1) IS NULL AS gone', [role]);
  return rows[0].gone;
}

/**
 * Returns a DO block that runs `statements` once more when another transaction of the server changes the same role at
 * the same moment. The statements must check for themselves what is left to do.
 */
export function tolerantly(statements: string): string {
  return `
    DO $$ BEGIN
      FOR attempt IN 1 .. 20 LOOP
        BEGIN
          ${statements}
          EXIT;
        EXCEPTION
          WHEN duplicate_object OR unique_violation THEN
            IF attempt = 20 THEN RAISE; END IF;
          WHEN internal_error THEN
            IF attempt = 20 OR SQLERRM !~ '^tuple concurrently' THEN RAISE; END IF;
        END;
        PERFORM pg_sleep(0.01 * attempt);
      END LOOP;
    END $$`;
}

/** Returns the server's version as a number: 150004 for 15.4. */
export async function serverVersion(client: OwnerClient): Promise<number> {
  const { rows } = await client.query("SELECT current_setting('server_version_num')::integer AS version");
  return rows[0].version;
}
