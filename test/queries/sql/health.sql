-- GET /health/: 200

BEGIN;

SELECT
FROM public.tenants_domain
  JOIN public.tenants_tenant t ON t.id = tenant_id
LIMIT 1;

COMMIT;

-- GET /health/ready: 200

BEGIN;

SELECT count(*)::integer AS applied, EXISTS (
  SELECT
  FROM public.tenants_domain
    JOIN public.tenants_tenant t ON t.id = tenant_id
) AS has_domains
FROM public.migration_ledger
WHERE scope = 'shared'
  AND number <= $1;

COMMIT;

-- next round trip

BEGIN;

SELECT pg_catalog.set_config('work_mem', '64kB', true);

SELECT pg_catalog.pg_logical_emit_message(true, 'leopard', '');

WITH filler AS MATERIALIZED (
  SELECT pg_catalog.repeat('leopard ', 2048)
  FROM pg_catalog.generate_series(1, 64)
)
SELECT count(*)
FROM filler;

COMMIT;
