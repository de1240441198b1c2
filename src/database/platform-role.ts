import type { Actor } from './opening.js';

/**
 * The role of the operators' API. It is no member of any tenant's role and may not enter any tenant's schema, so that
 * operators cannot read an agency's records, whatever the API does. Roles belong to the server: it is the same in all of
 * its databases, in each of which it has the rights that are granted there.
 */
export const PLATFORM_ROLE = 'leopard_platform';

/** Statements of operators' requests, on what their own role may read and change in schema `public`. */
export const PLATFORM: Actor = {
  role: PLATFORM_ROLE,
  searchPath: 'public, pg_temp',
  userId: '',
  source: '',
};

/** The privileges of the operators' role in `public`. The program's own role has none on operators' tables. */
export const RIGHTS_OF_THE_PLATFORM: Readonly<Record<string, string>> = {
  migration_ledger: 'SELECT',
  tenants_tenant: 'SELECT',
  tenants_domain: 'SELECT',
  // FOR UPDATE needs the right to change some column.
  auth_user: 'SELECT, UPDATE (password, last_login, is_active)',
  operator_role: 'SELECT, INSERT, UPDATE',
  operator_session: 'SELECT, INSERT, UPDATE, DELETE',
  operator_factor: 'SELECT, INSERT, UPDATE, DELETE',
  operator_recovery_code: 'SELECT, INSERT, DELETE',
  operator_spent_challenge: 'SELECT, INSERT, UPDATE, DELETE',
  operator_login_window: 'SELECT, INSERT, UPDATE, DELETE',
  // Append-only: nobody but the owner can change or remove an entry.
  operator_audit: 'SELECT, INSERT',
};

/** Returns the statements that grant the operators' role its privileges. @param schema the one with the shared tables */
export function platformRightsSql(schema = 'public'): string {
  const grants = Object.entries(RIGHTS_OF_THE_PLATFORM).map(
    ([table, rights]) => `GRANT ${rights} ON ${schema}.${table} TO ${PLATFORM_ROLE};`,
  );
  return `
    DO $$ BEGIN
      IF to_regrole('${PLATFORM_ROLE}') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA ${schema} TO ${PLATFORM_ROLE};
        ${grants.join('\n        ')}
      END IF;
    END $$`;
}
