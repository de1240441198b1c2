-- GET /api/v1/agency-settings/: 200

BEGIN;

SELECT agency_settings($1::boolean) AS settings;

COMMIT;

-- PATCH /api/v1/agency-settings/: 200

BEGIN;

SELECT agency_settings($1::boolean) AS settings;

-- next round trip

SELECT agency_settings($1::boolean) AS settings;

COMMIT;
