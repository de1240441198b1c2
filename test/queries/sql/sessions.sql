-- GET /api/v1/sessions/: 200

BEGIN;

SELECT count(*) AS count
FROM token_blacklist_outstandingtoken o
WHERE o.user_id = $1
  AND o.expires_at > now()
  AND NOT o.jti LIKE 'issued-before-%'
  AND NOT EXISTS ( SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id);

SELECT coalesce(s.id, o.id) AS "id", coalesce(s.created_at, o.created_at) AS "created_at", o.expires_at AS "expires_at",
  CASE WHEN $1::text IS NOT NULL THEN coalesce(s.sid = $2, false) END AS "current", coalesce(s.device, '') AS "device",
  coalesce(s.address, '') AS "address", coalesce(s.last_used_at, o.created_at) AS "last_used_at"
FROM token_blacklist_outstandingtoken o
  LEFT JOIN user_session s ON s.token_id = o.id
WHERE o.user_id = $3
  AND o.expires_at > now()
  AND NOT o.jti LIKE 'issued-before-%'
  AND NOT EXISTS ( SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)
ORDER BY coalesce(s.created_at, o.created_at) DESC, coalesce(s.id, o.id) DESC
LIMIT 25;

COMMIT;

-- DELETE /api/v1/sessions/:id/: 204

BEGIN;

WITH found AS (
  SELECT o.id AS token, s.id AS session
  FROM token_blacklist_outstandingtoken o
    LEFT JOIN user_session s ON s.token_id = o.id
  WHERE o.user_id = $1
    AND o.expires_at > now()
    AND NOT o.jti LIKE 'issued-before-%'
    AND NOT EXISTS ( SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)
    AND coalesce(s.id, o.id) = $2
), made AS (
  INSERT INTO user_session (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until)
  SELECT o.id, replace(gen_random_uuid()::text, '-', ''), o.user_id, o.id, coalesce(o.created_at, now()),
    coalesce(o.created_at, now()), o.expires_at, now()
  FROM token_blacklist_outstandingtoken o
  WHERE o.id IN (SELECT token FROM found WHERE session IS NULL)
    AND o.user_id IS NOT NULL
  ON CONFLICT (id) DO NOTHING
  RETURNING *
)
SELECT s.id, s.sid, s.user_id AS "userId", extract(epoch FROM s.created_at)::float8 AS "startedAt", s.ended_at IS NOT NULL AS "isEnded",
  (s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated') AS "isWhollyEnded", s.token_id AS "tokenId",
  s.spent_token_id AS "spentTokenId"
FROM made s
UNION ALL
SELECT *
FROM (
  SELECT s.id, s.sid, s.user_id AS "userId", extract(epoch FROM s.created_at)::float8 AS "startedAt",
    s.ended_at IS NOT NULL AS "isEnded", (s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated') AS "isWhollyEnded",
    s.token_id AS "tokenId", s.spent_token_id AS "spentTokenId"
  FROM user_session s
  WHERE s.id IN (SELECT session FROM found)
    AND s.ended_at IS NULL
  FOR UPDATE
) locked;

-- next round trip

WITH ended AS (
  UPDATE user_session
  SET ended_at = now(), end_reason = $1
  WHERE id = $2
    AND (ended_at IS NULL OR end_reason = 'refresh_repeated')
  RETURNING token_id
)
INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT o.id, clock_timestamp()
FROM ended
  JOIN token_blacklist_outstandingtoken o ON o.id = ended.token_id
ON CONFLICT (token_id) DO NOTHING;

SELECT pg_notify($1, $2);

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

UPDATE user_session
SET ended_at = now(), end_reason = $1, access_until = '-infinity'
WHERE user_id = $2
  AND ended_at IS NULL
  AND expires_at > now();

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
