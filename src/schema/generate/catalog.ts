import type { OwnerClient } from '../../database/owner.js';

/** A column of a table, as the catalogue describes it. */
export interface CatalogColumn {
  readonly table: string;
  readonly name: string;
  /** As format_type writes it, such as `character varying(100)`. */
  readonly type: string;
  readonly notNull: boolean;
  /** The default's expression, or null. */
  readonly default: string | null;
  readonly isIdentity: boolean;
}

/** A table and its storage options. */
export interface CatalogTable {
  readonly name: string;
  readonly options: readonly string[];
  /** Whether replication tells its rows apart by all of their columns. */
  readonly hasFullIdentity: boolean;
}

export interface CatalogConstraint {
  readonly table: string;
  readonly name: string;
  /** p primary key, u unique, c check, f foreign key */
  readonly kind: 'p' | 'u' | 'c' | 'f';
  readonly definition: string;
  /** The table that a foreign key references. */
  readonly references: string | null;
}

/** Returns the tables of one schema, by name. */
export async function readTables(client: OwnerClient, schema: string): Promise<CatalogTable[]> {
  const { rows } = await client.query<CatalogTable>(
    `SELECT relname AS name, coalesce(reloptions, '{}') AS options, relreplident = 'f' AS "hasFullIdentity"
     FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' ORDER BY relname COLLATE "C"`,
    [schema],
  );
  return rows;
}

/** Returns the columns of one schema's tables, in their order. */
export async function readColumns(client: OwnerClient, schema: string): Promise<CatalogColumn[]> {
  const { rows } = await client.query<CatalogColumn>(
    `SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
            a.attnotnull AS "notNull", pg_get_expr(d.adbin, d.adrelid) AS "default", a.attidentity <> '' AS "isIdentity"
     FROM pg_attribute a
     JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = to_regnamespace($1) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY c.relname COLLATE "C", a.attnum`,
    [schema],
  );
  return rows;
}

/** Returns the keys, uniques, checks and foreign keys of one schema's tables. */
export async function readConstraints(client: OwnerClient, schema: string): Promise<CatalogConstraint[]> {
  const { rows } = await client.query<CatalogConstraint>(
    `SELECT c.relname AS "table", k.conname AS name, k.contype AS kind, pg_get_constraintdef(k.oid, true) AS definition,
       r.relname AS "references"
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class r ON r.oid = k.confrelid
     WHERE k.connamespace = to_regnamespace($1) AND k.contype IN ('p', 'u', 'c', 'f')
     ORDER BY c.relname COLLATE "C", position(k.contype::text IN 'pucf'), k.conname COLLATE "C"`,
    [schema],
  );
  return rows;
}

/** Returns the foreign keys of single columns: which column references which table. */
export async function readForeignKeys(
  client: OwnerClient,
  schema: string,
): Promise<{ table: string; column: string; references: string }[]> {
  const { rows } = await client.query(
    `SELECT c.relname AS "table", a.attname AS "column", r.relname AS "references"
     FROM pg_constraint k
     JOIN pg_class c ON c.oid = k.conrelid
     JOIN pg_class r ON r.oid = k.confrelid
     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.connamespace = to_regnamespace($1) AND k.contype = 'f' AND cardinality(k.conkey) = 1`,
    [schema],
  );
  return rows;
}

/** Returns CREATE INDEX of every index that does not belong to a constraint. */
export async function readIndexes(client: OwnerClient, schema: string): Promise<string[]> {
  return await texts(
    client,
    `SELECT pg_get_indexdef(i.indexrelid, 0, true) AS text
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
     WHERE c.relnamespace = to_regnamespace($1)
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
     ORDER BY t.relname COLLATE "C", c.relname COLLATE "C"`,
    schema,
  );
}

/** Returns CREATE FUNCTION of every function of the schema. */
export async function readFunctions(client: OwnerClient, schema: string): Promise<string[]> {
  return await texts(
    client,
    `SELECT pg_get_functiondef(oid) AS text FROM pg_proc
     WHERE pronamespace = to_regnamespace($1) ORDER BY proname COLLATE "C"`,
    schema,
  );
}

/** Returns CREATE TRIGGER of every trigger that does not belong to a foreign key. */
export async function readTriggers(client: OwnerClient, schema: string): Promise<string[]> {
  return await texts(
    client,
    `SELECT pg_get_triggerdef(t.oid, true) AS text
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = to_regnamespace($1) AND NOT t.tgisinternal
     ORDER BY c.relname COLLATE "C", t.tgname COLLATE "C"`,
    schema,
  );
}

/** Returns the default privileges on tables that were revoked from the tenant's role: table → privileges. */
export async function readRevokedRights(client: OwnerClient, schema: string): Promise<[string, string[]][]> {
  const { rows } = await client.query<{ table: string; rights: string[] }>(
    `SELECT c.relname AS "table", array_agg(p.name ORDER BY p.place) AS rights
     FROM pg_class c
     CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS p (name, place)
     WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r' AND NOT has_table_privilege($1, c.oid, p.name)
     GROUP BY c.relname ORDER BY c.relname COLLATE "C"`,
    [schema],
  );
  return rows.map(({ table, rights }) => [table, rights]);
}

/** Returns kinds of objects in the schema that the prepared script would omit: views, types, domains, policies … */
export async function readUnknownObjects(client: OwnerClient, schema: string): Promise<string[]> {
  return await texts(
    client,
    `SELECT 'relation ' || relname AS text FROM pg_class c
     WHERE relnamespace = to_regnamespace($1) AND relkind NOT IN ('r', 'i', 'S')
     UNION ALL
     SELECT 'type ' || typname FROM pg_type
     WHERE typnamespace = to_regnamespace($1) AND typtype NOT IN ('c', 'b') AND typrelid = 0
     UNION ALL
     SELECT 'policy ' || polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE relnamespace = to_regnamespace($1)
     UNION ALL
     SELECT 'sequence ' || relname FROM pg_class c
     WHERE relnamespace = to_regnamespace($1) AND relkind = 'S'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')`,
    schema,
  );
}

async function texts(client: OwnerClient, sql: string, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(sql, [schema]);
  return rows.map(({ text }) => text);
}
