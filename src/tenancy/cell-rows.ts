import type { ConnectionSettings } from '../config/config.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';

/** The columns of a tenant's row for which the catalogue counts, with their types. */
const COPIED = {
  name: 'varchar',
  is_active: 'boolean',
  subscription_status: 'varchar',
  max_users: 'integer',
  contact_email: 'varchar',
  contact_phone: 'varchar',
  created_at: 'timestamptz',
} as const;
const COLUMNS = Object.keys(COPIED);

/** A comparison of the catalogue's tenants of a cell with the cell's own rows. */
export interface CellComparison {
  /** Schemas of tenants whose row or domains differ. */
  readonly different: readonly string[];
  /** Schemas of tenants of which the cell has no row. */
  readonly missing: readonly string[];
  /** Schemas of tenants that live there by the cell's rows, but not by the catalogue's. */
  readonly surplus: readonly string[];
}

interface CatalogueRow {
  readonly id: string;
  readonly schema_name: string;
  readonly domains: readonly { readonly domain: string; readonly is_primary: boolean }[];
}

const list = (of: (column: string) => string) => COLUMNS.map(of).join(', ');

const IN_CATALOGUE = `
  SELECT t.id::text AS id, t.schema_name, ${list((column) => `t.${column}`)},
    (SELECT coalesce(jsonb_agg(jsonb_build_object('domain', d.domain, 'is_primary', d.is_primary) ORDER BY d.domain), '[]')
     FROM public.tenants_domain d WHERE d.tenant_id = t.id) AS domains
  FROM public.tenants_tenant t WHERE t.cell = $1 AND ($2::text IS NULL OR t.schema_name = $2)
  ORDER BY t.id`;

const CATALOGUE = `
  catalogue AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS c (
      id bigint, schema_name varchar, domains jsonb, ${COLUMNS.map((column) => `${column} ${COPIED[column as keyof typeof COPIED]}`).join(', ')}
    )
  ), own AS (
    SELECT t.*, (
      SELECT coalesce(jsonb_agg(jsonb_build_object('domain', d.domain, 'is_primary', d.is_primary) ORDER BY d.domain), '[]')
      FROM public.tenants_domain d WHERE d.tenant_id = t.id) AS domains
    FROM public.tenants_tenant t WHERE t.cell IS NULL AND ($2::text IS NULL OR t.schema_name = $2)
  )`;

const COMPARED = `
  WITH ${CATALOGUE}
  SELECT 'different' AS what, c.schema_name AS schema FROM catalogue c JOIN own o USING (schema_name, id)
  WHERE (${list((column) => `c.${column}`)}, c.domains) IS DISTINCT FROM (${list((column) => `o.${column}`)}, o.domains)
  UNION ALL
  SELECT 'missing', c.schema_name FROM catalogue c LEFT JOIN own o USING (schema_name, id) WHERE o.id IS NULL
  UNION ALL
  SELECT 'surplus', o.schema_name FROM own o LEFT JOIN catalogue c USING (schema_name, id) WHERE c.id IS NULL
  ORDER BY 2`;

/** Other tenants' domains go first, since one may have passed from a tenant to another. */
const COPY_DOMAINS = [
  `WITH ${CATALOGUE}
   DELETE FROM public.tenants_domain d USING own o JOIN catalogue c USING (schema_name, id)
   WHERE d.tenant_id = o.id AND NOT c.domains @> jsonb_build_array(jsonb_build_object('domain', d.domain))`,
  `WITH ${CATALOGUE}
   INSERT INTO public.tenants_domain (domain, is_primary, tenant_id)
   SELECT d.domain, d.is_primary, o.id
   FROM own o JOIN catalogue c USING (schema_name, id),
     jsonb_to_recordset(c.domains) AS d (domain varchar, is_primary boolean)
   ON CONFLICT (domain) DO UPDATE SET is_primary = excluded.is_primary, tenant_id = excluded.tenant_id
   WHERE (tenants_domain.is_primary, tenants_domain.tenant_id)
     IS DISTINCT FROM (excluded.is_primary, excluded.tenant_id)`,
];

const COPY_ROWS = `
  WITH ${CATALOGUE}
  UPDATE public.tenants_tenant t SET ${list((column) => `${column} = c.${column}`)}, updated_at = now()
  FROM catalogue c
  WHERE t.schema_name = c.schema_name AND t.id = c.id AND t.cell IS NULL
    AND (${list((column) => `t.${column}`)}) IS DISTINCT FROM (${list((column) => `c.${column}`)})`;

/** A cell with the owner's connection to it, or the program's where nothing is to be changed. */
export interface CellPlace {
  readonly name: string;
  readonly settings: ConnectionSettings;
}

/**
 * Compares the catalogue's tenants of a cell with the cell's rows.
 * @param catalogue the program's or the owner's connection
 * @param schema only this tenant; null: all
 * @throws the driver's errors
 */
export async function compareCell(
  catalogue: ConnectionSettings,
  cell: CellPlace,
  schema: string | null = null,
): Promise<CellComparison> {
  const rows = await rowsOf(catalogue, cell.name, schema);
  return await withOwner(cell.settings, (client) => compared(client, rows, schema));
}

/**
 * Copies what counts of the catalogue's rows, and the domains, into the rows of the tenants' cell. The operation that changes
 * the catalogue calls it, and a job repeats it, so that a cell that was away catches up.
 * @param cell with the owner's connection
 * @param schema only this tenant; null: all
 * @returns the comparison before; what is missing or surplus stays so
 * @throws the driver's errors
 */
export async function copyToCell(
  catalogue: ConnectionSettings,
  cell: CellPlace,
  schema: string | null = null,
): Promise<CellComparison> {
  const rows = await rowsOf(catalogue, cell.name, schema);
  return await withOwner(cell.settings, async (client) => {
    const found = await compared(client, rows, schema);
    if (found.different.length === 0) return found;
    await inTransaction(client, async () => {
      const given = [JSON.stringify(rows), schema];
      for (const statement of COPY_DOMAINS) await client.query(statement, given);
      await client.query(`${COPY_ROWS} AND ($2::text IS NULL OR t.schema_name = $2)`, given);
    });
    return found;
  });
}

async function rowsOf(
  catalogue: ConnectionSettings,
  cell: string,
  schema: string | null,
): Promise<readonly CatalogueRow[]> {
  const { rows } = await withOwner(catalogue, (client) =>
    client.query<CatalogueRow>(IN_CATALOGUE, [cell, schema]),
  );
  return rows;
}

async function compared(
  client: OwnerClient,
  catalogue: readonly CatalogueRow[],
  schema: string | null,
): Promise<CellComparison> {
  const { rows } = await client.query<{ what: keyof CellComparison; schema: string }>(COMPARED, [
    JSON.stringify(catalogue),
    schema,
  ]);
  const of = (wanted: keyof CellComparison) =>
    rows.filter(({ what }) => what === wanted).map((row) => row.schema);
  return { different: of('different'), missing: of('missing'), surplus: of('surplus') };
}
