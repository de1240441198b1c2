-- GET /api/public/branding/: 200

BEGIN;

SELECT settings -> 'branding' AS branding
FROM public.tenants_tenant
WHERE id = $1;

COMMIT;
