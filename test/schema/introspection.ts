import type { OwnerClient } from '../../src/database/owner.js';
import { quoteIdentifier } from '../../src/database/schema-name.js';
import {
  readColumns,
  readConstraints,
  readFunctions,
  readIndexes,
  readRevokedRights,
  readTables,
  readTriggers,
} from '../../src/schema/generate/catalog.js';
import { readRows } from '../../src/schema/generate/reference-rows.js';

/**
 * Returns everything about a tenant's schema, rows and privileges included; the schema's name is replaced by "tenant".
 */
export async function introspect(client: OwnerClient, schema: string): Promise<Record<string, unknown>> {
  await client.query(`SET search_path TO ${quoteIdentifier(schema)}`);
  const tables = await readTables(client, schema);
  const columns = await readColumns(client, schema);
  const everything = {
    tables,
    columns,
    constraints: await readConstraints(client, schema),
    indexes: await readIndexes(client, schema),
    functions: await readFunctions(client, schema),
    triggers: await readTriggers(client, schema),
    revoked: await readRevokedRights(client, schema),
    rows: await readRows(client, tables, columns),
    objects: await readObjects(client, schema),
    rights: await readRights(client, schema),
  };
  await client.query('RESET search_path');
  return JSON.parse(JSON.stringify(everything).replaceAll(schema, 'tenant'));
}

/** Returns every relation, type, function, trigger and constraint by kind and name, so that none is overlooked. */
async function readObjects(client: OwnerClient, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `SELECT line FROM (
       SELECT format('%s %s %s', relkind, relname, relpersistence) FROM pg_class WHERE relnamespace = to_regnamespace($1)
       UNION ALL
       SELECT format('type %s %s', typtype, typname) FROM pg_type WHERE typnamespace = to_regnamespace($1)
       UNION ALL
       SELECT format('function %s %s %s', proname, proacl, prosecdef) FROM pg_proc WHERE pronamespace = to_regnamespace($1)
       UNION ALL
       SELECT format('constraint %s %s', contype, conname) FROM pg_constraint WHERE connamespace = to_regnamespace($1)
     ) AS objects (line) ORDER BY line COLLATE "C"`,
    [schema],
  );
  return rows.map(({ line }) => line);
}

async function readRights(client: OwnerClient, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `SELECT line FROM (
       SELECT format('schema %s', nspacl) FROM pg_namespace WHERE oid = to_regnamespace($1)
       UNION ALL
       SELECT format('%s %s', relname, relacl) FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind <> 'i'
       UNION ALL
       SELECT format('default %s', defaclacl) FROM pg_default_acl WHERE defaclnamespace = to_regnamespace($1)
     ) AS rights (line) ORDER BY line COLLATE "C"`,
    [schema],
  );
  return rows.map(({ line }) => line);
}
