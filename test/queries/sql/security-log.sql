-- GET /api/v1/security-log/: 200

BEGIN;

SELECT count(*) AS count
FROM (
  SELECT
  FROM "security_event" r
  WHERE true
  ORDER BY r.at DESC, r.id DESC
  LIMIT 10000
) r;

SELECT r."id", r."at", r."kind", r."user_id" AS "user", r."username", r."actor_id" AS "actor", r."actor" AS "actor_name",
  r."address", r."agent", r."request_id", r."session_id", r."count", r."last_at", r."detail"
FROM "security_event" r
WHERE true
ORDER BY r.at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/security-log/:id/: 200

BEGIN;

SELECT r."id", r."at", r."kind", r."user_id" AS "user", r."username", r."actor_id" AS "actor", r."actor" AS "actor_name",
  r."address", r."agent", r."request_id", r."session_id", r."count", r."last_at", r."detail"
FROM "security_event" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;
