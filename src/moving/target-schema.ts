import { addKeysStatement } from '../backup/tables.js';
import { readMigrations } from '../database/migration-files.js';
import type { OwnerClient } from '../database/owner.js';
import { ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, qualified, quoteIdentifier } from '../database/schema-name.js';
import { constraintsIn, triggersIn } from '../database/schema-objects.js';
import { shippedCapture } from '../events/capture/capture.js';
import { installCapture } from '../events/capture/install.js';
import { noteIncarnation } from '../schema/incarnation.js';
import { lockTenants } from '../schema/locking.js';
import { recordMigrations } from '../schema/migrator.js';
import { readSnapshot } from '../schema/tenant-snapshot.js';

/**
 * Creates the schema into which a tenant moves, with empty tables, in the caller's transaction. It is nobody's yet: the
 * database has no row of the tenant.
 * @param skipped the numbers of migrations that were passed over at the tenant
 */
export async function createTargetSchema(
  client: OwnerClient,
  schema: string,
  appUser: string,
  skipped: readonly number[],
): Promise<void> {
  const name = quoteIdentifier(checkSchemaName(schema));
  const files = readMigrations().tenant;
  await lockTenants(client, schema);
  await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
  await client.query('DELETE FROM public.migration_ledger WHERE scope = $1', [schema]);
  await ensureTenantRole(client, schema, appUser);
  await client.query(`CREATE SCHEMA ${name}; ${schemaRightsSql(schema)}`);
  await client.query(`SET LOCAL search_path TO ${name}, pg_temp`);
  const applied = files.filter(({ number }) => !skipped.includes(number));
  const script = skipped.length === 0 ? readSnapshot(files) : null;
  for (const sql of script ? [script] : applied.map((migration) => migration.sql)) await client.query(sql);
  await recordMigrations(client, schema, files);
  await client.query(
    'UPDATE public.migration_ledger SET is_skipped = true WHERE scope = $1 AND number = ANY ($2::integer[])',
    [schema, skipped],
  );
  await installCapture(client, schema, shippedCapture());
  await noteIncarnation(client, schema);
  await client.query('SET LOCAL search_path TO public, pg_temp');
}

interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** Returns the foreign keys of a schema, with definitions as PostgreSQL prints them. */
export async function readForeignKeys(client: OwnerClient, schema: string): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `SELECT c.relname AS table, k.conname AS name, pg_catalog.pg_get_constraintdef(k.oid) AS definition
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     WHERE k.oid = ${constraintsIn('$1')} AND k.contype = 'f'
     ORDER BY 1, 2`,
    [schema],
  );
  return rows;
}

/**
 * Prepares tables for rows from elsewhere, in the caller's transaction: triggers are off, so that nothing is captured,
 * audited or counted again, and foreign keys are away, since rows come table by table. No program can use them.
 */
export async function openForRows(client: OwnerClient, schema: string): Promise<void> {
  const keys = await readForeignKeys(client, schema);
  const role = quoteIdentifier(schema);
  const statements = [
    `REVOKE USAGE ON SCHEMA ${role} FROM ${role}`,
    ...keys.map(
      ({ table, name }) => `ALTER TABLE ${qualified(schema, table)} DROP CONSTRAINT ${quoteIdentifier(name)}`,
    ),
  ];
  for (const table of await tablesWithTriggers(client, schema))
    statements.push(`ALTER TABLE ${qualified(schema, table)} DISABLE TRIGGER USER`);
  await client.query(statements.join(';\n'));
}

/**
 * Returns the statements that put triggers and foreign keys in place again, and open the schema to its role. The rows are not checked against the keys, which
 * would take long: they satisfied the same ones where they come from (see validateKeys).
 * @param keys those of the schema that the rows come from
 */
export async function closingStatements(
  client: OwnerClient,
  schema: string,
  keys: readonly ForeignKey[],
): Promise<string> {
  const unchecked = keys.map(({ definition, ...key }) => ({
    ...key,
    definition: definition.endsWith(' NOT VALID') ? definition : `${definition} NOT VALID`,
  }));
  const statements = [...new Set(keys.map(({ table }) => table))].map((table) =>
    addKeysStatement(
      schema,
      table,
      unchecked.filter((key) => key.table === table),
    ),
  );
  for (const table of await tablesWithTriggers(client, schema))
    statements.push(`ALTER TABLE ${qualified(schema, table)} ENABLE TRIGGER USER`);
  const role = quoteIdentifier(schema);
  statements.push(`GRANT USAGE ON SCHEMA ${role} TO ${role}`);
  return statements.join(';\n');
}

/** Checks foreign keys that were put in place without that, table by table; nobody waits for it. */
export async function validateKeys(client: OwnerClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ table: string; name: string }>(
    `SELECT c.relname AS table, k.conname AS name
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     WHERE k.oid = ${constraintsIn('$1')} AND k.contype = 'f' AND NOT k.convalidated
     ORDER BY 1, 2`,
    [schema],
  );
  for (const { table, name } of rows) {
    await client.query(
      `ALTER TABLE ${qualified(schema, table)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`,
    );
  }
}

async function tablesWithTriggers(client: OwnerClient, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT c.relname AS name FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
     WHERE t.oid = ${triggersIn('$1')} AND NOT t.tgisinternal ORDER BY 1`,
    [schema],
  );
  return rows.map(({ name }) => name);
}
