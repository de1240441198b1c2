// $1: the catalogue's rows as JSON, or the name of the cell; $2: only this tenant's schema, or null.

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

const list = (of: (column: string) => string) => COLUMNS.map(of).join(', ');

// As text, since a moment would be cut to milliseconds on its way, and differ from the one it is compared with.
const inFull = (column: string) =>
  column === 'created_at' ? `to_json(t.${column}) #>> '{}' AS ${column}` : `t.${column}`;

export const IN_CATALOGUE = `
  SELECT t.id::text AS id, t.schema_name, ${list(inFull)},
    (SELECT coalesce(jsonb_agg(jsonb_build_object('domain', d.domain, 'is_primary', d.is_primary) ORDER BY d.domain COLLATE "C"), '[]')
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
      SELECT coalesce(jsonb_agg(jsonb_build_object('domain', d.domain, 'is_primary', d.is_primary) ORDER BY d.domain COLLATE "C"), '[]')
      FROM public.tenants_domain d WHERE d.tenant_id = t.id) AS domains
    FROM public.tenants_tenant t WHERE t.cell IS NULL AND ($2::text IS NULL OR t.schema_name = $2)
  )`;

export const COMPARED = `
  WITH ${CATALOGUE}
  SELECT 'different' AS what, c.schema_name AS schema FROM catalogue c JOIN own o USING (schema_name, id)
  WHERE (${list((column) => `c.${column}`)}, c.domains) IS DISTINCT FROM (${list((column) => `o.${column}`)}, o.domains)
  UNION ALL
  SELECT 'missing', c.schema_name FROM catalogue c LEFT JOIN own o USING (schema_name, id) WHERE o.id IS NULL
  UNION ALL
  SELECT 'surplus', o.schema_name FROM own o LEFT JOIN catalogue c USING (schema_name, id) WHERE c.id IS NULL
  ORDER BY 2`;

/** Other tenants' domains go first, since one may have passed from a tenant to another. */
export const COPY_DOMAINS = [
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

export const COPY_ROWS = `
  WITH ${CATALOGUE}
  UPDATE public.tenants_tenant t SET ${list((column) => `${column} = c.${column}`)}, updated_at = now()
  FROM catalogue c
  WHERE t.schema_name = c.schema_name AND t.id = c.id AND t.cell IS NULL
    AND (${list((column) => `t.${column}`)}) IS DISTINCT FROM (${list((column) => `c.${column}`)})`;
