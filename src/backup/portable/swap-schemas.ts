import type { OwnerClient } from '../../database/owner.js';
import { ensureTenantRole, schemaRightsSql } from '../../database/roles.js';
import { qualified, quoteIdentifier } from '../../database/schema-name.js';
import { noteOperation } from '../../database/write-positions.js';
import { settleQueues } from '../../schema/incarnation.js';
import { limitLockWaits } from '../../schema/locking.js';
import { tellOfTenant } from '../../schema/tenant-notice.js';

/** The longest wait for one lock, in milliseconds: readers wait behind it all that time. */
const LOCK_WAIT_MS = 2_000;

const LOCKS = `
  SELECT format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', $1::text, relname) AS statement
  FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind = 'r' ORDER BY relname`;

/**
 * Keeps everybody out of the tables of these schemas until the transaction ends.
 * @param givesWay whether of this transaction and a request that wait for each other this one ends
 * @throws database errors: 55P03, 40P01
 */
export async function lockTables(
  client: OwnerClient,
  schemas: readonly string[],
  givesWay: boolean,
): Promise<void> {
  await limitLockWaits(client, LOCK_WAIT_MS, givesWay);
  for (const schema of schemas) await run(client, LOCKS, [schema]);
}

// The rights that a role has in a schema, as statements that give them to another role. Of default privileges there are
// only those that the program makes.
const RIGHTS = `
  WITH grantee AS (SELECT to_regrole(quote_ident($2))::oid AS role)
  SELECT format('GRANT %1$s ON %2$I.%3$I TO %4$I; REVOKE %1$s ON %2$I.%3$I FROM %5$I',
    string_agg(privilege_type, ', '), $1::text, relname, $3::text, $2::text) AS statement
  FROM pg_class, aclexplode(relacl) a, grantee
  WHERE relnamespace = to_regnamespace(quote_ident($1)) AND a.grantee = grantee.role GROUP BY oid, relname
  UNION ALL
  SELECT format('GRANT %1$s (%6$I) ON %2$I.%3$I TO %4$I; REVOKE %1$s (%6$I) ON %2$I.%3$I FROM %5$I',
    privilege_type, $1::text, relname, $3::text, $2::text, attname)
  FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(attacl) a, grantee
  WHERE relnamespace = to_regnamespace(quote_ident($1)) AND a.grantee = grantee.role
  UNION ALL
  SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I; REVOKE EXECUTE ON FUNCTION %1$s FROM %3$I',
    p.oid::regprocedure, $3::text, $2::text)
  FROM pg_proc p, aclexplode(proacl) a, grantee
  WHERE pronamespace = to_regnamespace(quote_ident($1)) AND a.grantee = grantee.role`;

const FUNCTIONS_WITH_PATH = `
  SELECT format('ALTER FUNCTION %s SET search_path FROM CURRENT', oid::regprocedure) AS statement
  FROM pg_proc
  WHERE pronamespace = to_regnamespace(quote_ident($1)) AND EXISTS (
    SELECT FROM unnest(proconfig) AS setting WHERE starts_with(setting, 'search_path='))`;

/** Tables of `public` with rows that belong to a tenant by its schema's name, and that go with its schema. */
const FOLLOWING = [
  ['migration_ledger', 'scope'],
  ['tenant_incarnation', 'schema_name'],
  ['event_capture', 'schema_name'],
  ['event_pause', 'schema_name'],
] as const;

/** Those that are made anew from the tenant's own tables. */
const QUEUES = ['event_queue', 'delivery_queue', 'client_import_queue', 'job_tenant', 'job_change'] as const;

/**
 * Renames a tenant's schema in the caller's transaction, with its role, its functions and its rows in `public` except for
 * that of the tenant. Its tables must be locked, and nothing may have the new name.
 */
export async function renameSchema(
  client: OwnerClient,
  appUser: string,
  from: string,
  to: string,
): Promise<void> {
  const old = quoteIdentifier(from);
  const name = quoteIdentifier(to);
  await ensureTenantRole(client, to, appUser);
  await client.query(`ALTER SCHEMA ${old} RENAME TO ${name}`);
  await run(client, RIGHTS, [to, from, to]);
  await client.query(
    `REVOKE ALL ON SCHEMA ${name} FROM ${old};
     ALTER DEFAULT PRIVILEGES IN SCHEMA ${name} REVOKE ALL ON TABLES FROM ${old}; ${schemaRightsSql(to)}`,
  );
  await client.query(`SET LOCAL search_path TO ${name}, pg_temp`);
  await run(client, FUNCTIONS_WITH_PATH, [to]);
  for (const [table, column] of FOLLOWING) {
    const at = quoteIdentifier(column);
    await client.query(`UPDATE ${qualified('public', table)} SET ${at} = $2 WHERE ${at} = $1`, [from, to]);
  }
  for (const table of QUEUES)
    await client.query(`DELETE FROM ${qualified('public', table)} WHERE schema_name = $1`, [from]);
  await settleQueues(client, to);
  const { sql, parameters } = noteOperation(to); // a replica still has the other schema of that name
  await client.query(sql, [...parameters]);
  await tellOfTenant(client, from);
  await tellOfTenant(client, to);
}

/** Runs the statements that a query returns. */
async function run(client: OwnerClient, query: string, parameters: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(query, [...parameters]);
  const statements = rows.map(({ statement }) => statement).join('; ');
  if (statements !== '') await client.query(statements);
}
