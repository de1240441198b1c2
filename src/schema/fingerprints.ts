import type { OwnerClient } from '../database/owner.js';

/** Returns SQL for an access list in which the tenant's own role is `@`, which no role's name shows unquoted. */
const rights = (list: string) =>
  `replace(replace(${list}::text, '{' || s.schema || '=', '{@='), ',' || s.schema || '=', ',@=')`;

/** Returns SQL that is true of a type that PostgreSQL began with: its number is the same in all schemas. */
const isBuiltIn = (type: string) => `${type} < 16384`;

// One pass over each table of the catalogue for all schemas: PostgreSQL has no index by schema. Objects are described by
// their rows, in which the tenant's schema and role are left out; only where a row refers to others by numbers that
// differ from tenant to tenant, by their definition. Two schemas whose descriptions are equal have equal definitions in
// `readObjects`; the opposite need not be true, as after other migrations.
const DESCRIPTIONS = `
  WITH scope AS MATERIALIZED (
    SELECT n.oid AS namespace, n.nspname::text AS schema, quote_ident(n.nspname) || '.' AS prefix, n.nspowner AS owner,
      n.nspacl AS acl
    FROM pg_namespace n WHERE n.nspname = ANY ($1)
  ), object AS (
    SELECT p.pronamespace AS namespace, ROW ('function', p.proname, p.prokind, p.provolatile, p.proparallel, p.prosecdef,
      p.proisstrict, p.proleakproof, p.prolang, p.proretset, p.proowner, md5(p.prosrc),
      replace(p.proconfig::text, 'search_path=' || quote_ident(s.schema) || ',', 'search_path=its own,'), ${rights(`coalesce(p.proacl, acldefault('f', p.proowner))`)},
      CASE WHEN ${isBuiltIn('p.prorettype')} AND p.proallargtypes IS NULL
          AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS t (oid) WHERE NOT ${isBuiltIn('t.oid')})
        THEN ROW (p.prorettype, p.proargtypes, p.proargnames, p.provariadic)::text
        ELSE replace(pg_get_function_identity_arguments(p.oid) || ' ' || pg_get_function_result(p.oid), s.prefix, '')
      END)::text AS description
    FROM scope s JOIN pg_proc p ON p.pronamespace = s.namespace
    WHERE NOT starts_with(p.proname, 'capture_')
    UNION ALL
    SELECT c.relnamespace, ROW ('trigger', c.relname, g.tgname, g.tgenabled,
      CASE WHEN g.tgqual IS NULL AND g.tgconstraint = 0 AND g.tgconstrrelid = 0
        THEN ROW (g.tgtype, f.proname, nullif(f.pronamespace, s.namespace), g.tgargs, g.tgoldtable, g.tgnewtable, g.tgattr,
          CASE WHEN g.tgattr <> ''::int2vector THEN (
            SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum = ANY (g.tgattr)) END)::text
        ELSE replace(pg_get_triggerdef(g.oid), s.prefix, '') END)::text
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace JOIN pg_trigger g ON g.tgrelid = c.oid
    JOIN pg_proc f ON f.oid = g.tgfoid
    WHERE NOT g.tgisinternal AND NOT starts_with(g.tgname, 'capture_')
    UNION ALL
    SELECT c.relnamespace, ROW ('switched off', c.relname, g.tgconstraint)::text
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace JOIN pg_trigger g ON g.tgrelid = c.oid
    WHERE g.tgisinternal AND g.tgenabled NOT IN ('O', 'A')
    UNION ALL
    SELECT k.connamespace, ROW ('constraint', c.relname, k.conname, k.contype, k.convalidated, k.conbin IS NULL)::text
    FROM scope s JOIN pg_constraint k ON k.connamespace = s.namespace JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype IN ('p', 'u', 'c', 'f', 'x')
    UNION ALL
    SELECT c.relnamespace, ROW ('right', c.relname, c.relkind, ${rights('c.relacl')})::text
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT c.relnamespace, ROW ('right', c.relname, a.attname, ${rights('a.attacl')})::text
    FROM scope s JOIN pg_class c ON c.relnamespace = s.namespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT s.namespace, ROW ('right', '(schema)', s.owner, ${rights('s.acl')},
      to_regrole(quote_ident(s.schema)) IS NULL)::text
    FROM scope s
    UNION ALL
    SELECT s.namespace, ROW ('right', '(later tables)', ${rights('d.defaclacl')})::text
    FROM scope s JOIN pg_default_acl d ON d.defaclnamespace = s.namespace
    WHERE d.defaclobjtype = 'r' AND d.defaclrole = s.owner
  )`;

// Sums of hashes, 128 bits together, since a sum needs no order: sorting would take longer than everything else.
const FINGERPRINTS = `${DESCRIPTIONS}
  SELECT s.schema, o.fingerprint
  FROM (
    SELECT namespace, concat_ws(' ', count(*), sum(hashtextextended(description, 0)::numeric),
      sum(hashtextextended(description, 1)::numeric)) AS fingerprint
    FROM object GROUP BY namespace
  ) AS o JOIN scope s USING (namespace)
  ORDER BY s.schema`;

/**
 * Returns a fingerprint of each of these tenants' functions, triggers, rights and of the enforcement of its foreign keys,
 * in one look through the catalogue. Two tenants with the same one are alike in all of that. Runs in the caller's
 * transaction.
 * @throws database errors, as when one of the schemas is dropped meanwhile
 */
export async function readFingerprints(
  client: OwnerClient,
  schemas: readonly string[],
): Promise<Map<string, string>> {
  await client.query('SET LOCAL search_path TO pg_catalog; SET LOCAL jit TO off');
  const { rows } = await client.query<{ schema: string; fingerprint: string }>(FINGERPRINTS, [schemas]);
  return new Map(rows.map(({ schema, fingerprint }) => [schema, fingerprint]));
}
