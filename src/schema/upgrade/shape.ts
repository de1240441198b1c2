import type { OwnerClient } from '../../database/owner.js';

/** A column, as far as statements of the program depend on it. */
export interface ShapeColumn {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** Whether an INSERT may leave it out: it has a default, or PostgreSQL computes it. */
  readonly hasDefault: boolean;
}

/** A rule that rows have to keep: a constraint, or a unique index. */
export interface ShapeRule {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  readonly columns: readonly string[];
}

/** The parts of a schema that a running program depends on. */
export interface SchemaShape {
  readonly columns: readonly ShapeColumn[];
  readonly rules: readonly ShapeRule[];
  /** Functions that statements can call, so no trigger functions: name with arguments, and result. */
  readonly functions: readonly { readonly name: string; readonly result: string }[];
  /** Rights of the given roles, such as `tenant_acme: SELECT on immigration_client`. */
  readonly rights: ReadonlySet<string>;
}

const COLUMNS = `
  SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "notNull",
    a.atthasdef OR a.attidentity <> '' AS "hasDefault"
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p')
  ORDER BY 1, a.attnum`;

// Primary keys are unique indexes; PostgreSQL 18 has NOT NULL among the constraints, which are columns' here.
const RULES = `
  SELECT c.relname AS "table", k.conname AS name, pg_get_constraintdef(k.oid) AS definition,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)) AS columns
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  WHERE k.connamespace = to_regnamespace($1) AND k.contype IN ('c', 'f', 'x')
  UNION ALL
  SELECT c.relname, x.relname, regexp_replace(pg_get_indexdef(x.oid), '^.*? USING ', ''), ARRAY(
    SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND (a.attnum = ANY (i.indkey) OR EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)))
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
  WHERE c.relnamespace = to_regnamespace($1) AND i.indisunique AND c.relkind IN ('r', 'p')
  ORDER BY 1, 2`;

const FUNCTIONS = `
  SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name, pg_get_function_result(p.oid) AS result
  FROM pg_proc p
  WHERE p.pronamespace = to_regnamespace($1) AND p.prorettype <> 'trigger'::regtype AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  ORDER BY 1`;

const RIGHTS = `
  SELECT r.rolname || ': ' || o.right AS "right"
  FROM pg_roles r CROSS JOIN LATERAL (
    SELECT v.name || ' on ' || c.relname AS "right"
    FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS v (name)
    WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p') AND has_table_privilege(r.oid, c.oid, v.name)
    UNION ALL
    SELECT 'EXECUTE on ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'
    FROM pg_proc p
    WHERE p.pronamespace = to_regnamespace($1) AND p.prorettype <> 'trigger'::regtype
      AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
  ) o
  WHERE r.rolname = ANY ($2)`;

/**
 * Reads the shape of a schema.
 * @param roles the roles whose rights on it count: the tenant's, the program's
 */
export async function readShape(
  client: OwnerClient,
  schema: string,
  roles: readonly string[],
): Promise<SchemaShape> {
  const columns = await client.query<ShapeColumn>(COLUMNS, [schema]);
  const rules = await client.query<ShapeRule>(RULES, [schema]);
  const functions = await client.query<{ name: string; result: string }>(FUNCTIONS, [schema]);
  const rights = await client.query<{ right: string }>(RIGHTS, [schema, roles]);
  return {
    columns: columns.rows,
    rules: rules.rows,
    functions: functions.rows,
    rights: new Set(rights.rows.map(({ right }) => right)),
  };
}
