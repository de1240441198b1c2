-- GET /health/: 200

BEGIN;

SELECT
FROM public.tenants_domain
  JOIN public.tenants_tenant t ON t.id = tenant_id
LIMIT 1;

COMMIT;
