import type { OwnerClient } from '../database/owner.js';
import { dropTenantRole, ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, qualified, qualifiedList, quoteIdentifier } from '../database/schema-name.js';
import { relationsIn, routinesIn } from '../database/schema-objects.js';
import { noteOperation } from '../database/write-positions.js';
import { noteIncarnation } from '../schema/incarnation.js';
import { tellOfTenant } from '../schema/tenant-notice.js';

/**
 * Renames a tenant's schema in the caller's transaction: its role, rights, functions and its rows in `public`, except
 * for its domains. Writers are locked out until the transaction ends, so that none of their rows keeps the old name.
 * @param appUser the program's role, which may assume the tenant's
 * @param keepsRole whether the role of the old name stays, for transactions that have it and wait for a lock
 */
export async function renameSchema(
  client: OwnerClient,
  appUser: string,
  from: string,
  to: string,
  { keepsRole = false }: { readonly keepsRole?: boolean } = {},
): Promise<void> {
  await lockTables(client, checkSchemaName(from));
  await ensureTenantRole(client, to, appUser);
  await client.query(
    `ALTER SCHEMA ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(checkSchemaName(to))}`,
  );
  await client.query(schemaRightsSql(to));
  await passRights(client, from, to);
  await renameInFunctions(client, from, to);
  await renameInPublic(client, from, to);
  await noteIncarnation(client, to);
  const { sql, parameters } = noteOperation(to); // a replica may still have another tenant's schema of that name
  await client.query(sql, [...parameters]);
  if (!keepsRole) await dropTenantRole(client, from);
  await tellOfTenant(client, from);
  await tellOfTenant(client, to);
}

async function lockTables(client: OwnerClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_catalog.pg_class
     WHERE oid = ${relationsIn('$1')} AND relkind IN ('r', 'p') ORDER BY oid`,
    [schema],
  );
  const tables = rows.map(({ name }) => name);
  if (tables.length > 0)
    await client.query(`LOCK TABLE ${qualifiedList(schema, tables)} IN SHARE ROW EXCLUSIVE MODE`);
}

/** Grants each right of the old role on the schema's relations, columns and functions to the new one, and revokes it from the old. */
async function passRights(client: OwnerClient, from: string, to: string): Promise<void> {
  const { rows } = await client.query<{ rights: string; object: string }>(
    `WITH role AS (SELECT to_regrole(quote_ident($2)) AS id)
     SELECT string_agg(a.privilege_type, ', ') AS rights,
            CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || format('%I.%I', $1::text, c.relname) AS object
     FROM role, pg_catalog.pg_class c, aclexplode(c.relacl) a
     WHERE c.oid = ${relationsIn('$1')} AND a.grantee = role.id GROUP BY c.relkind, c.relname
     UNION ALL
     SELECT string_agg(format('%s (%I)', a.privilege_type, t.attname), ', '), 'TABLE ' || format('%I.%I', $1::text, c.relname)
     FROM role, pg_catalog.pg_class c JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
     WHERE c.oid = ${relationsIn('$1')} AND a.grantee = role.id GROUP BY c.relname
     UNION ALL
     SELECT string_agg(a.privilege_type, ', '), 'ROUTINE ' || p.oid::regprocedure::text
     FROM role, pg_catalog.pg_proc p, aclexplode(p.proacl) a
     WHERE p.oid = ${routinesIn('$1')} AND a.grantee = role.id GROUP BY p.oid`,
    [to, from],
  );
  const [old, renamed] = [quoteIdentifier(from), quoteIdentifier(to)];
  const statements = rows.flatMap(({ rights, object }) => [
    `REVOKE ${rights} ON ${object} FROM ${old}`,
    `GRANT ${rights} ON ${object} TO ${renamed}`,
  ]);
  statements.push(
    `REVOKE ALL ON SCHEMA ${renamed} FROM ${old}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${renamed} REVOKE ALL ON TABLES FROM ${old}`,
  );
  await client.query(statements.join(';\n'));
}

/** Gives functions that run with the schema as search path its new name. */
async function renameInFunctions(client: OwnerClient, from: string, to: string): Promise<void> {
  const { rows } = await client.query<{ routine: string; path: string }>(
    `SELECT p.oid::regprocedure::text AS routine, substr(setting, length('search_path=') + 1) AS path
     FROM pg_catalog.pg_proc p, unnest(p.proconfig) AS setting
     WHERE p.oid = ${routinesIn('$1')} AND setting LIKE 'search_path=%'`,
    [to],
  );
  const statements = rows.flatMap(({ routine, path }) => {
    const names = path.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
    if (!names.includes(from)) return [];
    const renamed = names.map((name) => quoteIdentifier(name === from ? to : name)).join(', ');
    return [`SET LOCAL search_path TO ${renamed}`, `ALTER ROUTINE ${routine} SET search_path FROM CURRENT`];
  });
  await client.query([...statements, 'SET LOCAL search_path TO public, pg_temp'].join(';\n'));
}

/** Gives the tenant's rows in every table of `public` its new name: in its own row, the queues, jobs, pauses and the ledger. */
async function renameInPublic(client: OwnerClient, from: string, to: string): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `SELECT c.relname AS table, a.attname AS column
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE c.oid = ${relationsIn("'public'")} AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
       AND (a.attname = 'schema_name' OR (c.relname, a.attname) = ('migration_ledger', 'scope'))`,
  );
  for (const { table, column } of rows) {
    const name = quoteIdentifier(column);
    await client.query(`UPDATE ${qualified('public', table)} SET ${name} = $2 WHERE ${name} = $1`, [
      from,
      to,
    ]);
  }
}
