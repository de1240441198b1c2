import type { OwnerClient } from '../../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../../database/served-tenants.js';
import type { Capture } from './capture.js';

/** The problems of one tenant's capture of events. */
export interface CaptureFinding {
  readonly schema: string;
  /** One line each: what is missing, disabled, different or left over. */
  readonly problems: readonly string[];
}

// Compares all tenants' objects at once; only deviations come back. Under a search_path without tenants, so that
// definitions are qualified by their schema. It begins with all triggers and functions of such names, since the other way
// round PostgreSQL 18 reads an index of the whole catalogue once for each tenant.
const DIFFERENCES = `
  WITH tenant AS (
    SELECT t.id AS place, t.schema_name AS schema, n.oid AS namespace
    FROM public.tenants_tenant t LEFT JOIN pg_namespace n ON n.nspname = t.schema_name
    WHERE ${LIVES_HERE_IF_KNOWN} AND ($1::text IS NULL OR t.schema_name = $1)
  ), wanted_trigger AS (
    SELECT tenant.place, tenant.schema, w."table" || '.' || w.name AS name,
      replace(w.definition, '{schema}', quote_ident(tenant.schema) || '.') AS definition
    FROM tenant, unnest($2::text[], $3::text[], $4::text[]) AS w ("table", name, definition)
  ), named_trigger AS MATERIALIZED (
    SELECT t.oid, t.tgname, t.tgenabled, c.relname, c.relnamespace
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND starts_with(t.tgname, 'capture_')
  ), found_trigger AS (
    SELECT tenant.place, tenant.schema, t.relname || '.' || t.tgname AS name, t.tgenabled,
      pg_get_triggerdef(t.oid, true) AS definition
    FROM tenant JOIN named_trigger t ON t.relnamespace = tenant.namespace
  ), wanted_function AS (
    SELECT tenant.place, tenant.schema, tenant.namespace, w.name, w.body
    FROM tenant, unnest($5::text[], $6::text[]) AS w (name, body)
  ), named_function AS MATERIALIZED (
    SELECT p.proname, p.prosrc, p.prosecdef, p.prolang, p.proowner, p.proconfig, p.proacl, p.pronamespace
    FROM pg_proc p WHERE starts_with(p.proname, 'capture_')
  ), found_function AS (
    SELECT tenant.place, tenant.schema, p.proname AS name, p.prosrc AS body,
      p.prosecdef AND l.lanname = 'plpgsql' AND p.proowner = n.nspowner AND p.proconfig @> ARRAY[
        'search_path=' || quote_ident(tenant.schema) || ', pg_temp', 'enable_nestloop=off', 'jit=off'
      ] AS is_made_as_meant,
      EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0) AS is_open
    FROM tenant JOIN named_function p ON p.pronamespace = tenant.namespace
    JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
  )
  SELECT * FROM (
    SELECT place, schema, CASE
      WHEN f.name IS NULL THEN 'trigger ' || name || ' is missing'
      WHEN w.name IS NULL THEN 'trigger ' || name || ' is not wanted'
      WHEN f.tgenabled NOT IN ('O', 'A') THEN 'trigger ' || name || ' is disabled'
      WHEN f.definition <> w.definition THEN 'trigger ' || name || ' was changed'
    END AS problem
    FROM wanted_trigger w FULL JOIN found_trigger f USING (place, schema, name)
    UNION ALL
    SELECT place, schema, CASE
      WHEN f.name IS NULL THEN 'function ' || name || ' is missing'
      WHEN w.name IS NULL THEN 'function ' || name || ' is not wanted'
      WHEN f.body <> w.body OR NOT f.is_made_as_meant THEN 'function ' || name || ' was changed'
      WHEN f.is_open THEN 'function ' || name || ' can be used by everybody'
    END
    FROM wanted_function w FULL JOIN found_function f USING (place, schema, name)
  ) AS difference
  WHERE problem IS NOT NULL
  ORDER BY place, problem`;

/**
 * Compares the actual triggers and functions in the tenants' schemas with the expected capture of events.
 * @param schema only this tenant's
 * @returns the tenants whose capture deviates
 */
export async function checkCapture(
  client: OwnerClient,
  capture: Capture,
  schema?: string,
): Promise<CaptureFinding[]> {
  await client.query('BEGIN READ ONLY; SET LOCAL search_path TO pg_catalog');
  try {
    const { rows } = await client.query<{ schema: string; problem: string }>(DIFFERENCES, [
      schema ?? null,
      capture.triggers.map(({ table }) => table),
      capture.triggers.map(({ name }) => name),
      capture.triggers.map(({ definition }) => definition),
      capture.functions.map(({ name }) => name),
      capture.functions.map(({ body }) => body),
    ]);
    const findings = new Map<string, string[]>();
    for (const row of rows) findings.set(row.schema, [...(findings.get(row.schema) ?? []), row.problem]);
    return [...findings].map(([name, problems]) => ({ schema: name, problems }));
  } finally {
    await client.query('ROLLBACK');
  }
}
