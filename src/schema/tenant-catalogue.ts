import { randomBytes } from 'node:crypto';
import type { Migration } from '../database/migration-files.js';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { readSnapshot } from './tenant-snapshot.js';

/** Kinds of objects in a tenant's schema. */
export type ObjectKind = 'table' | 'column' | 'constraint' | 'index' | 'function' | 'trigger' | 'right';

/** Kinds of objects that can be repaired without touching a record. */
export const REPAIRABLE: readonly ObjectKind[] = ['function', 'trigger', 'right'];
export const ALL_KINDS: readonly ObjectKind[] = ['table', 'column', 'constraint', 'index', ...REPAIRABLE];

/** An object in a tenant's schema. */
interface CatalogueObject {
  readonly kind: ObjectKind;
  /** The name, qualified by its table if it has one: `immigration_client.email`. */
  readonly name: string;
  /** Its definition, in a form that is the same in every tenant's schema. */
  readonly definition: string;
  /** The statement that creates it in this schema, for functions and triggers only. */
  readonly statement: string | null;
}

/** The contents of a tenant's schema as the program makes it on this server. */
export interface ReferenceSchema {
  /** The unique name of the schema it was read from, which does not exist any more. */
  readonly schema: string;
  readonly objects: readonly CatalogueObject[];
}

// Under this search_path names are qualified by their schema, which is then cut off in the definitions. Event capture
// is checked separately (events/capture/check.ts). Only the tenant's privileges are compared: the owner has all of them
// anyway.
const SEARCH_PATH = 'SET LOCAL search_path TO pg_catalog';
const OBJECTS = `
  WITH tenant AS (
    SELECT n.oid AS namespace, n.nspname::text AS schema, quote_ident(n.nspname) || '.' AS prefix, n.nspowner AS owner,
      to_regrole(quote_ident(n.nspname))::oid AS role
    FROM pg_namespace n WHERE n.nspname = ANY ($1)
  ), object AS (
    SELECT t.schema, 'table' AS kind, c.relname::text AS name, 'a table' AS definition, NULL AS statement
    FROM tenant t JOIN pg_class c ON c.relnamespace = t.namespace
    WHERE 'table' = ANY ($2) AND c.relkind = 'r'
    UNION ALL
    SELECT t.schema, 'column', c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'NOT NULL' END, CASE WHEN a.attidentity <> '' THEN 'IDENTITY' END,
      'DEFAULT ' || replace(pg_get_expr(d.adbin, d.adrelid), t.prefix, '')), NULL
    FROM tenant t JOIN pg_class c ON c.relnamespace = t.namespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE 'column' = ANY ($2) AND c.relkind = 'r'
    UNION ALL
    SELECT t.schema, 'constraint', c.relname || '.' || k.conname, replace(pg_get_constraintdef(k.oid), t.prefix, ''), NULL
    FROM tenant t JOIN pg_constraint k ON k.connamespace = t.namespace JOIN pg_class c ON c.oid = k.conrelid
    WHERE 'constraint' = ANY ($2) AND k.contype IN ('p', 'u', 'c', 'f', 'x')
    UNION ALL
    SELECT t.schema, 'index', r.relname || '.' || c.relname, concat_ws(' ', CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
      replace(pg_get_indexdef(i.indexrelid), t.prefix, '')), NULL
    FROM tenant t JOIN pg_class c ON c.relnamespace = t.namespace JOIN pg_index i ON i.indexrelid = c.oid
    JOIN pg_class r ON r.oid = i.indrelid
    WHERE 'index' = ANY ($2)
    UNION ALL
    SELECT t.schema, 'function', p.proname || '(' || replace(pg_get_function_identity_arguments(p.oid), t.prefix, '') || ')',
      concat_ws(' ', p.prokind, p.provolatile, CASE WHEN p.prosecdef THEN 'DEFINER' END, l.lanname,
        replace(pg_get_function_result(p.oid), t.prefix, ''),
        replace(p.proconfig::text, 'search_path=' || quote_ident(t.schema) || ',', 'search_path=its own,'),
        CASE WHEN EXISTS (
          SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0
        ) THEN 'for everybody' END, md5(p.prosrc)),
      CASE WHEN $3 THEN pg_get_functiondef(p.oid) END
    FROM tenant t JOIN pg_proc p ON p.pronamespace = t.namespace JOIN pg_language l ON l.oid = p.prolang
    WHERE 'function' = ANY ($2) AND NOT starts_with(p.proname, 'capture_')
    UNION ALL
    SELECT t.schema, 'trigger', c.relname || '.' || g.tgname,
      CASE WHEN g.tgenabled NOT IN ('O', 'A') THEN 'DISABLED ' ELSE '' END || replace(pg_get_triggerdef(g.oid), t.prefix, ''),
      CASE WHEN $3 THEN pg_get_triggerdef(g.oid) END
    FROM tenant t JOIN pg_class c ON c.relnamespace = t.namespace JOIN pg_trigger g ON g.tgrelid = c.oid
    WHERE 'trigger' = ANY ($2) AND NOT g.tgisinternal AND NOT starts_with(g.tgname, 'capture_')
    UNION ALL
    SELECT t.schema, 'right', c.relname::text, coalesce((
      SELECT string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY a.privilege_type)
      FROM aclexplode(c.relacl) a WHERE a.grantee = t.role), 'none'), NULL
    FROM tenant t JOIN pg_class c ON c.relnamespace = t.namespace
    WHERE 'right' = ANY ($2) AND c.relkind = 'r'
    UNION ALL
    SELECT t.schema, 'right', '(schema)', coalesce((
      SELECT string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
      FROM aclexplode(n.nspacl) a WHERE a.grantee = t.role), 'none'), NULL
    FROM tenant t JOIN pg_namespace n ON n.oid = t.namespace
    WHERE 'right' = ANY ($2)
    UNION ALL
    SELECT t.schema, 'right', '(later tables)', coalesce((
      SELECT string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
      FROM pg_default_acl d, aclexplode(d.defaclacl) a
      WHERE d.defaclnamespace = t.namespace AND d.defaclobjtype = 'r' AND d.defaclrole = t.owner AND a.grantee = t.role
    ), 'none'), NULL
    FROM tenant t
    WHERE 'right' = ANY ($2)
  )`;

const READ = `${OBJECTS} SELECT kind, name, definition, statement FROM object`;

const SUMS = `${OBJECTS}
  SELECT schema, md5(string_agg(kind || ' ' || name || ' ' || definition, E'\\n' ORDER BY kind COLLATE "C", name COLLATE "C"))
    AS sum
  FROM object GROUP BY schema`;

/**
 * Creates a tenant's schema, reads its contents and leaves nothing behind, so that the definitions are in the words of
 * this server's version.
 * @returns null if the prepared script for new tenants was made from other migrations than these
 */
export async function readReference(
  client: OwnerClient,
  appUser: string,
  migrations: readonly Migration[],
): Promise<ReferenceSchema | null> {
  const script = readSnapshot(migrations);
  if (script === null) return null;
  const schema = `tenant_reference_${randomBytes(6).toString('hex')}`;
  await client.query('BEGIN');
  try {
    await ensureTenantRole(client, schema, appUser);
    const name = quoteIdentifier(schema);
    await client.query(`CREATE SCHEMA ${name}; ${schemaRightsSql(schema)}`);
    await client.query(`SET LOCAL search_path TO ${name}, pg_temp`);
    await client.query(script);
    await client.query(SEARCH_PATH);
    const { rows } = await client.query<CatalogueObject>(READ, [[schema], ALL_KINDS, true]);
    return { schema, objects: rows };
  } finally {
    await client.query('ROLLBACK');
  }
}

/** An object in a tenant's schema that differs from what the program makes. */
export interface Difference {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly what: 'missing' | 'changed' | 'not the program’s';
  /** The object as it should be; null if it should not exist. */
  readonly wanted: CatalogueObject | null;
  /** The object as it is; null if it is missing. */
  readonly found: CatalogueObject | null;
}

/**
 * Compares the schemas of tenants with the reference: first by a checksum of each, then object by object.
 * @param schemas existing ones, at most a few dozen per connection, since the backend caches them
 * @returns the differences, only for schemas that have any
 */
export async function compareSchemas(
  client: OwnerClient,
  schemas: readonly string[],
  { reference, kinds }: { readonly reference: ReferenceSchema; readonly kinds: readonly ObjectKind[] },
): Promise<Map<string, Difference[]>> {
  const wanted = reference.objects.filter(({ kind }) => kinds.includes(kind));
  const found = new Map<string, Difference[]>();
  await inTransaction(client, async () => {
    await client.query(`SET TRANSACTION READ ONLY; ${SEARCH_PATH}`);
    const { rows: sums } = await client.query<{ schema: string; sum: string }>(SUMS, [schemas, kinds, false]);
    const right = await sumOf(client, wanted);
    for (const { schema, sum } of sums) {
      if (sum === right) continue;
      const { rows } = await client.query<CatalogueObject>(READ, [[schema], kinds, false]);
      found.set(schema, differences(wanted, rows));
    }
  });
  return found;
}

/** Returns the same checksum for objects that were read earlier. */
async function sumOf(client: OwnerClient, objects: readonly CatalogueObject[]): Promise<string> {
  const { rows } = await client.query<{ sum: string }>(
    `SELECT md5(string_agg(kind || ' ' || name || ' ' || definition, E'\\n' ORDER BY kind COLLATE "C", name COLLATE "C"))
       AS sum
     FROM unnest($1::text[], $2::text[], $3::text[]) AS o (kind, name, definition)`,
    [
      objects.map(({ kind }) => kind),
      objects.map(({ name }) => name),
      objects.map(({ definition }) => definition),
    ],
  );
  return rows[0]!.sum;
}

function differences(wanted: readonly CatalogueObject[], found: readonly CatalogueObject[]): Difference[] {
  const key = ({ kind, name }: CatalogueObject) => `${kind} ${name}`;
  const actual = new Map(found.map((object) => [key(object), object]));
  const missingOrChanged = wanted.flatMap((object): Difference[] => {
    const { kind, name } = object;
    const own = actual.get(key(object)) ?? null;
    actual.delete(key(object));
    if (own?.definition === object.definition) return [];
    return [{ kind, name, what: own ? 'changed' : 'missing', wanted: object, found: own }];
  });
  const others = [...actual.values()].map(
    (object): Difference => ({
      kind: object.kind,
      name: object.name,
      what: 'not the program’s',
      wanted: null,
      found: object,
    }),
  );
  return [...missingOrChanged, ...others];
}
