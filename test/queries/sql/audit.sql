-- GET /api/v1/audit/: 200

BEGIN;

SELECT count(*) AS count
FROM (
  SELECT
  FROM "audit_entry" r
  WHERE true
  ORDER BY r.at DESC, r.id DESC
  LIMIT 10000
) r;

SELECT r."id", r."at", r."user_id" AS "user", r."username", r."address", r."request_id", r."operation",
  r."entity", r."record_id", r."record_ids", r."before", r."after"
FROM "audit_entry" r
WHERE true
ORDER BY r.at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/audit/:id/: 200

BEGIN;

SELECT r."id", r."at", r."user_id" AS "user", r."username", r."address", r."request_id", r."operation",
  r."entity", r."record_id", r."record_ids", r."before", r."after"
FROM "audit_entry" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;
