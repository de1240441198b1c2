import { readdir } from 'node:fs/promises';
import type { ConnectionSettings } from '../../src/config/config.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { qualified } from '../../src/database/schema-name.js';

/** Returns a checksum of all rows of each tenant, in its schema and in `public`, by schema. @param except tenants left out */
export async function tenantSums(
  owner: ConnectionSettings,
  except: readonly string[] = [],
): Promise<Record<string, string>> {
  return await withOwner(owner, async (client) => {
    const { rows } = await client.query<{ schema: string; tables: string[] | null }>(
      `SELECT t.schema_name AS schema, array_agg(c.relname::text ORDER BY c.relname) FILTER (WHERE c.oid IS NOT NULL) AS tables
       FROM public.tenants_tenant t
       LEFT JOIN pg_class c ON c.relnamespace = to_regnamespace(quote_ident(t.schema_name)) AND c.relkind = 'r'
       WHERE t.schema_name <> ALL ($1) GROUP BY 1 ORDER BY 1`,
      [except],
    );
    const sums: Record<string, string> = {};
    for (const { schema, tables } of rows) {
      const own = (tables ?? []).map(
        (table) => `SELECT '${table}', hashtextextended(t::text, 0) FROM ${qualified(schema, table)} t`,
      );
      const all = [
        ...own,
        `SELECT 'tenant', hashtextextended((to_jsonb(t) - 'updated_at')::text, 0) FROM public.tenants_tenant t WHERE schema_name = $1`,
        `SELECT 'domain', hashtextextended(d::text, 0) FROM public.tenants_domain d JOIN public.tenants_tenant t ON t.id = d.tenant_id WHERE schema_name = $1`,
        ...NAMED.map(
          ([table, column]) =>
            `SELECT '${table}', hashtextextended(t::text, 0) FROM public.${table} t WHERE ${column} = $1`,
        ),
      ];
      const found = await client.query<{ sum: string }>(
        `SELECT count(*) || ' rows ' || coalesce(sum(hash)::text, '') AS sum FROM (${all.join(' UNION ALL ')}) AS r (name, hash)`,
        [schema],
      );
      sums[schema] = found.rows[0]!.sum;
    }
    return sums;
  });
}

/** Tables of `public` with rows of tenants, and the column that names the tenant's schema. */
const NAMED: readonly (readonly [string, string])[] = [
  ['migration_ledger', 'scope'],
  ['tenant_incarnation', 'schema_name'],
  ['event_queue', 'schema_name'],
  ['event_pause', 'schema_name'],
  ['delivery_queue', 'schema_name'],
  ['client_import_queue', 'schema_name'],
  ['job_tenant', 'schema_name'],
  ['job_change', 'schema_name'],
];

/**
 * Returns, in words, what belongs to no tenant: schemas without a row, rows without a schema, rows of queues and the
 * ledger, domains, folders of files.
 */
export async function orphans(owner: ConnectionSettings, mediaDirectory: string): Promise<string[]> {
  return await withOwner(owner, async (client) => {
    const { rows } = await client.query<{ name: string; problem: string }>(
      `SELECT nspname::text AS name, 'schema without a row' AS problem FROM pg_namespace
         WHERE nspname ~ '^tenant_' AND nspname NOT IN (SELECT schema_name FROM public.tenants_tenant)
       UNION ALL SELECT schema_name, 'row without a schema' FROM public.tenants_tenant
         WHERE to_regnamespace(quote_ident(schema_name)) IS NULL
       UNION ALL SELECT schema_name, 'row without a role' FROM public.tenants_tenant
         WHERE to_regrole(quote_ident(schema_name)) IS NULL
       UNION ALL SELECT schema_name, 'row without a domain' FROM public.tenants_tenant t
         WHERE NOT EXISTS (SELECT FROM public.tenants_domain WHERE tenant_id = t.id)
       ${NAMED.map(
         ([table, column]) => `UNION ALL SELECT DISTINCT ${column}, 'rows in ${table}' FROM public.${table}
         WHERE ${column} NOT IN (SELECT schema_name FROM public.tenants_tenant) AND ${column} <> 'shared'`,
       ).join('\n')}`,
    );
    const schemas = await schemasOf(client);
    const folders = await readdir(mediaDirectory).catch(() => []);
    return [
      ...rows.map(({ name, problem }) => `${name}: ${problem}`),
      ...folders.filter((name) => !schemas.has(name)).map((name) => `${name}: folder of files`),
    ];
  });
}

async function schemasOf(client: OwnerClient): Promise<Set<string>> {
  const { rows } = await client.query<{ schema: string }>(
    'SELECT schema_name AS schema FROM public.tenants_tenant',
  );
  return new Set(rows.map(({ schema }) => schema));
}
