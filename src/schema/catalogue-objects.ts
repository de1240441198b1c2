import type { OwnerClient } from '../database/owner.js';
import { PLATFORM_ROLE } from '../database/platform-role.js';

/** Kinds of objects in a schema of the program. */
export type ObjectKind =
  | 'table'
  | 'view'
  | 'column'
  | 'constraint'
  | 'index'
  | 'rule'
  | 'operator'
  | 'function'
  | 'trigger'
  | 'right';

/** Kinds of objects that can be repaired without touching a record. */
export const REPAIRABLE: readonly ObjectKind[] = ['function', 'trigger', 'right'];
export const ALL_KINDS: readonly ObjectKind[] = [
  'table',
  'view',
  'column',
  'constraint',
  'index',
  'rule',
  'operator',
  ...REPAIRABLE,
];

/** An object in a schema of the program: a tenant's, or `public`. */
export interface CatalogueObject {
  readonly kind: ObjectKind;
  /** The name, qualified by its table if it has one: `immigration_client.email`. */
  readonly name: string;
  /** Its definition, in a form that is the same in every tenant's schema. */
  readonly definition: string;
  /** The statement that creates it in this schema, for functions and triggers only. */
  readonly statement: string | null;
}

/** The beginning of the name of a schema into which the shared migrations were replayed, in place of `public`. */
export const SHARED_REFERENCE = 'shared_reference_';

// Names are qualified by their schema, which is then cut off in the definitions.
const SEARCH_PATH = 'SET LOCAL search_path TO pg_catalog';

/** Returns SQL that names an owner other than the owner of the program's tables. */
const foreignOwner = (owner: string) => `CASE
  WHEN ${owner} IN (SELECT oid FROM grantee) OR NOT pg_has_role(current_user, ${owner}, 'USAGE')
  THEN 'OWNED BY ' || quote_ident(pg_get_userbyid(${owner})) END`;

/** Returns SQL that lists rights in a text such as `its role: INSERT, SELECT; everybody: SELECT (email)`. */
const rightsIn = (rights: string) => `(
  SELECT string_agg(name || ': ' || list, '; ' ORDER BY name COLLATE "C")
  FROM (
    SELECT CASE WHEN g.oid = s.role THEN 'its role' ELSE g.name END AS name,
      string_agg(a.privilege || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', '
        ORDER BY a.privilege COLLATE "C") AS list
    FROM (${rights}) a JOIN grantee g ON g.oid = a.grantee
    GROUP BY 1
  ) AS by_grantee)`;
const RIGHT = 'SELECT x.grantee, x.is_grantable, x.privilege_type AS privilege';

// Event capture is checked separately (events/capture/check.ts). Of rights only those of the program's role, the
// tenants' roles and everybody are compared: the owner has all of them anyway, and other roles are not the program's.
const OBJECTS = `
  WITH grantee AS (
    SELECT 0::oid AS oid, 'everybody' AS name
    UNION ALL SELECT oid, CASE WHEN rolname = $4 THEN 'the program' ELSE rolname END FROM pg_roles
    WHERE rolname = $4 OR rolname = '${PLATFORM_ROLE}' OR rolname ~ '^tenant_[a-z][a-z0-9_]*$'
  ), scope AS (
    SELECT n.oid AS namespace, n.nspname::text AS schema, quote_ident(n.nspname) || '.' AS prefix, n.nspowner AS owner,
      n.nspacl AS acl,
      n.nspname = 'public' OR starts_with(n.nspname, '${SHARED_REFERENCE}') AS is_shared, to_regrole(quote_ident(n.nspname))::oid AS role
    FROM pg_namespace n WHERE n.nspname = ANY ($1)
  ), object AS (
    SELECT s.schema, CASE WHEN c.relkind IN ('r', 'p') THEN 'table' ELSE 'view' END AS kind, c.relname::text AS name,
      concat_ws(' ', CASE c.relkind WHEN 'r' THEN 'a table' ELSE 'of kind ' || c.relkind::text END,
        CASE WHEN c.relpersistence <> 'p' THEN 'UNLOGGED' END, CASE WHEN c.relreplident <> 'd' THEN 'REPLICA IDENTITY ' || c.relreplident::text END, CASE WHEN c.relrowsecurity THEN 'ROW SECURITY' END,
        CASE WHEN EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) THEN 'POLICIES' END,
        CASE WHEN EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid) THEN 'INHERITANCE' END,
        ${foreignOwner('c.relowner')}) AS definition, NULL AS statement
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace
    WHERE CASE WHEN c.relkind IN ('r', 'p') THEN 'table' ELSE 'view' END = ANY ($2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT s.schema, 'column', c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'NOT NULL' END, CASE WHEN a.attidentity <> '' THEN 'IDENTITY' END,
      'DEFAULT ' || replace(pg_get_expr(d.adbin, d.adrelid), s.prefix, '')), NULL
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE 'column' = ANY ($2) AND c.relkind = 'r'
    UNION ALL
    SELECT s.schema, 'constraint', c.relname || '.' || k.conname, concat_ws(' ', replace(pg_get_constraintdef(k.oid), s.prefix, ''),
      CASE WHEN k.contype = 'f' AND EXISTS (
        SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled NOT IN ('O', 'A')) THEN 'SWITCHED OFF' END), NULL
    FROM scope s JOIN pg_constraint k ON k.connamespace = s.namespace JOIN pg_class c ON c.oid = k.conrelid
    WHERE 'constraint' = ANY ($2) AND k.contype IN ('p', 'u', 'c', 'f', 'x')
    UNION ALL
    SELECT s.schema, 'index', r.relname || '.' || c.relname, concat_ws(' ', CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
      replace(pg_get_indexdef(i.indexrelid), s.prefix, '')), NULL
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace JOIN pg_index i ON i.indexrelid = c.oid
    JOIN pg_class r ON r.oid = i.indrelid
    WHERE 'index' = ANY ($2)
    UNION ALL
    SELECT s.schema, 'rule', c.relname || '.' || w.rulename, replace(pg_get_ruledef(w.oid), s.prefix, ''), NULL
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace AND c.relhasrules JOIN pg_rewrite w ON w.ev_class = c.oid
    WHERE 'rule' = ANY ($2) AND c.relkind = 'r'
    UNION ALL
    SELECT s.schema, 'operator', o.oprname || ' (' || o.oprleft::regtype || ', ' || o.oprright::regtype || ')', o.oprcode::text, NULL
    FROM scope s JOIN pg_operator o ON o.oprnamespace = s.namespace
    WHERE 'operator' = ANY ($2) AND NOT s.is_shared
    UNION ALL
    SELECT s.schema, 'function', p.proname || '(' || replace(pg_get_function_identity_arguments(p.oid), s.prefix, '') || ')',
      concat_ws(' ', p.prokind, p.provolatile, p.proparallel, CASE WHEN p.prosecdef THEN 'DEFINER' END,
        CASE WHEN p.proisstrict THEN 'STRICT' END, CASE WHEN p.proleakproof THEN 'LEAKPROOF' END, l.lanname,
        replace(pg_get_function_result(p.oid), s.prefix, ''),
        replace(p.proconfig::text, 'search_path=' || quote_ident(s.schema) || ',', 'search_path=its own,'),
        (SELECT string_agg('for ' || name, ' ' ORDER BY name COLLATE "C") FROM (
          SELECT DISTINCT CASE WHEN g.oid = s.role THEN 'its role' ELSE g.name END AS name
          FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a JOIN grantee g ON g.oid = a.grantee) AS users),
        md5(CASE WHEN starts_with(s.schema, '${SHARED_REFERENCE}') THEN replace(p.prosrc, s.schema, 'public') ELSE p.prosrc END),
        ${foreignOwner('p.proowner')}),
      CASE WHEN $3 THEN pg_get_functiondef(p.oid) END
    FROM scope s JOIN pg_proc p ON p.pronamespace = s.namespace JOIN pg_language l ON l.oid = p.prolang
    WHERE 'function' = ANY ($2) AND NOT (starts_with(p.proname, 'capture_') AND NOT s.is_shared)
      AND NOT (s.is_shared AND EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
    UNION ALL
    SELECT s.schema, 'trigger', c.relname || '.' || g.tgname,
      CASE WHEN g.tgenabled NOT IN ('O', 'A') THEN 'DISABLED ' ELSE '' END || replace(pg_get_triggerdef(g.oid), s.prefix, ''),
      CASE WHEN $3 THEN pg_get_triggerdef(g.oid) END
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace JOIN pg_trigger g ON g.tgrelid = c.oid
    WHERE 'trigger' = ANY ($2) AND NOT g.tgisinternal AND NOT (starts_with(g.tgname, 'capture_') AND NOT s.is_shared)
    UNION ALL
    SELECT * FROM (
      SELECT s.schema, 'right', c.relname::text, coalesce(${rightsIn(`
        ${RIGHT} FROM aclexplode(c.relacl) x
        UNION ALL
        SELECT x.grantee, x.is_grantable, x.privilege_type || ' (' || t.attname || ')'
        FROM pg_attribute t, aclexplode(t.attacl) x WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL`)},
        CASE WHEN c.relkind = 'r' THEN 'none' END) AS definition, NULL
      FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace
      WHERE 'right' = ANY ($2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    ) AS on_relations WHERE definition IS NOT NULL
    UNION ALL
    SELECT s.schema, 'right', '(schema)', concat_ws(' ', coalesce(${rightsIn(`${RIGHT} FROM aclexplode(s.acl) x`)}, 'none'),
      CASE WHEN s.role IS NOT NULL THEN ${foreignOwner('s.owner')} END), NULL
    FROM scope s
    WHERE 'right' = ANY ($2) AND s.role IS NOT NULL
    UNION ALL
    SELECT s.schema, 'right', '(later tables)', coalesce(${rightsIn(`
      ${RIGHT} FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) x
      WHERE d.defaclnamespace = s.namespace AND d.defaclobjtype = 'r' AND d.defaclrole = s.owner`)}, 'none'), NULL
    FROM scope s
    WHERE 'right' = ANY ($2) AND s.role IS NOT NULL
  )`;

const READ = `${OBJECTS} SELECT schema, kind, name, definition, statement FROM object`;

/** SQL for the checksum of objects. */
const SUM = `md5(string_agg(kind || ' ' || name || ' ' || definition, E'\\n' ORDER BY kind COLLATE "C", name COLLATE "C"))`;
const SUMS = `${OBJECTS} SELECT schema, ${SUM} AS sum FROM object GROUP BY schema`;

/** The kinds of objects that are read, and the program's role. */
export interface Reading {
  readonly kinds: readonly ObjectKind[];
  readonly appUser: string;
}

/** Reads the objects of one schema. Runs in the caller's transaction. @param statements whether to add their SQL */
export async function readObjects(
  client: OwnerClient,
  schema: string,
  reading: Reading,
  statements = false,
): Promise<CatalogueObject[]> {
  return (await readObjectsOf(client, [schema], reading, statements)).get(schema) ?? [];
}

/**
 * Reads the objects of several schemas, at most a few dozen: reading those of one takes as long, since it looks through
 * the whole catalogue. Runs in the caller's transaction. @param statements whether to add their SQL
 */
export async function readObjectsOf(
  client: OwnerClient,
  schemas: readonly string[],
  { kinds, appUser }: Reading,
  statements = false,
): Promise<Map<string, CatalogueObject[]>> {
  await client.query(SEARCH_PATH);
  const { rows } = await client.query<CatalogueObject & { schema: string }>(READ, [
    schemas,
    kinds,
    statements,
    appUser,
  ]);
  const found = new Map(schemas.map((schema): [string, CatalogueObject[]] => [schema, []]));
  for (const { schema, ...object } of rows) found.get(schema)?.push(object);
  return found;
}

/** Returns one checksum of all objects of each schema. Runs in the caller's transaction. */
export async function readSums(
  client: OwnerClient,
  schemas: readonly string[],
  { kinds, appUser }: Reading,
): Promise<{ schema: string; sum: string }[]> {
  await client.query(SEARCH_PATH);
  const { rows } = await client.query<{ schema: string; sum: string }>(SUMS, [
    schemas,
    kinds,
    false,
    appUser,
  ]);
  return rows;
}

/** Returns the same checksum for objects that were read earlier. */
export async function sumOf(client: OwnerClient, objects: readonly CatalogueObject[]): Promise<string> {
  const { rows } = await client.query<{ sum: string }>(
    `SELECT ${SUM} AS sum FROM unnest($1::text[], $2::text[], $3::text[]) AS o (kind, name, definition)`,
    [
      objects.map(({ kind }) => kind),
      objects.map(({ name }) => name),
      objects.map(({ definition }) => definition),
    ],
  );
  return rows[0]!.sum;
}

/**
 * Revokes the owner's default privileges for all schemas, so that a reference made in this transaction has the program's
 * rights only. The transaction must be rolled back.
 */
export async function useNoDefaultPrivileges(client: OwnerClient): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(`
    SELECT format('ALTER DEFAULT PRIVILEGES %s ON %s %s', CASE WHEN is_usual THEN 'GRANT ALL' ELSE 'REVOKE ALL' END,
      CASE kind WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
        WHEN 'n' THEN 'SCHEMAS' END,
      CASE WHEN is_usual THEN 'TO ' ELSE 'FROM ' END || grantee) AS statement
    FROM (
      SELECT defaclobjtype AS kind, a.grantee = 0 AND defaclobjtype IN ('f', 'T') AS is_usual,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
      FROM pg_catalog.pg_default_acl CROSS JOIN aclexplode(defaclacl) a
      WHERE defaclrole = to_regrole(quote_ident(current_user)) AND defaclnamespace = 0 AND a.grantee <> defaclrole
      UNION
      SELECT defaclobjtype, true, 'PUBLIC' FROM pg_catalog.pg_default_acl
      WHERE defaclrole = to_regrole(quote_ident(current_user)) AND defaclnamespace = 0 AND defaclobjtype IN ('f', 'T')
    ) AS entry
    WHERE kind IN ('r', 'S', 'f', 'T', 'n')`);
  for (const { statement } of rows) await client.query(statement);
}
