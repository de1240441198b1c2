-- GET /api/v1/sessions/: 200

BEGIN;

SELECT count(*) AS count
FROM token_blacklist_outstandingtoken o
WHERE o.user_id = $1
  AND o.expires_at > now()
  AND NOT o.jti LIKE 'issued-before-%'
  AND NOT EXISTS ( SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id);

WITH asking AS (
  SELECT min(o.id) AS id
  FROM token_blacklist_outstandingtoken o
  WHERE o.user_id = $1
    AND o.created_at = to_timestamp($2::float8)
    AND NOT o.jti LIKE 'issued-before-%'
  HAVING count(*) = 1
    AND bool_and(o.user_id = $3 AND o.expires_at > now() AND NOT o.jti LIKE 'issued-before-%' AND NOT EXISTS ( SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id))
)
SELECT o.id AS "id", o.created_at AS "created_at", o.expires_at AS "expires_at", CASE WHEN EXISTS (SELECT FROM asking) THEN o.id = (SELECT id FROM asking) END AS "current"
FROM token_blacklist_outstandingtoken o
WHERE o.user_id = $4
  AND o.expires_at > now()
  AND NOT o.jti LIKE 'issued-before-%'
  AND NOT EXISTS ( SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)
ORDER BY o.created_at DESC, o.id DESC
LIMIT 25;

COMMIT;

-- DELETE /api/v1/sessions/:id/: 204

BEGIN;

INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT o.id, now()
FROM token_blacklist_outstandingtoken o
WHERE o.id = $1
  AND o.user_id = $2
  AND o.expires_at > now()
  AND NOT o.jti LIKE 'issued-before-%'
  AND NOT EXISTS ( SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)
ON CONFLICT (token_id) DO NOTHING
RETURNING id;

-- next round trip

SELECT pg_notify($1, $2);

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

COMMIT;

-- POST /api/v1/sessions/end-all/: 200

BEGIN;

SELECT id
FROM immigration_user
WHERE id = $1
FOR NO KEY UPDATE;

WITH ended AS (
  INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
  SELECT o.id, now()
  FROM token_blacklist_outstandingtoken o
  WHERE o.user_id = $1
    AND o.expires_at > now()
    AND NOT o.jti LIKE 'issued-before-%'
    AND NOT EXISTS (SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)
  ON CONFLICT (token_id) DO NOTHING
  RETURNING id
)
SELECT count(*)::integer AS ended
FROM ended;

WITH latest AS (
  SELECT max(o.created_at) AS issued
  FROM token_blacklist_outstandingtoken o
  WHERE o.user_id = $1
), mark AS (
  SELECT date_trunc('second', greatest(clock_timestamp(), issued)) + interval '1 second' AS at
  FROM latest
)
INSERT INTO token_blacklist_outstandingtoken (token, jti, user_id, created_at, expires_at)
SELECT '', 'issued-before-' || $2::bigint, $3::bigint, at, at + make_interval(secs => $4)
FROM mark
ON CONFLICT (jti) DO UPDATE SET created_at = excluded.created_at, expires_at = excluded.expires_at;

SELECT pg_notify($1, current_schema()::text);

-- next round trip

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

COMMIT;
