-- POST /api/token/: 401

BEGIN;

WITH known AS MATERIALIZED (
  SELECT CASE WHEN k.is_token THEN 'device' ELSE 'place' END AS kind, k.user_id || ':' || encode(k.hash, 'hex') AS key
  FROM known_device k
    JOIN immigration_user u ON u.id = k.user_id
  WHERE u.username IN ($1, $2)
    AND k.hash IN ($3::bytea, $4::bytea)
    AND k.seen_at > now() - make_interval(days => $5)
  ORDER BY k.is_token DESC
  LIMIT 1
), counted (kind, key) AS (
  SELECT 'account', $6
  WHERE NOT EXISTS (SELECT FROM known)
  UNION ALL
  SELECT 'address', $7
  WHERE NOT EXISTS (SELECT FROM known WHERE known.kind = 'device')
  UNION ALL
  SELECT known.kind, known.key
  FROM known
)
SELECT f.kind, f.failures, extract(epoch FROM f.window_started_at + make_interval(secs => $8) - now())::float8 AS wait
FROM counted
  JOIN login_failure f
USING (kind, key)
WHERE f.window_started_at > now() - make_interval(secs => $9)
  AND f.window_started_at <= now() + make_interval(secs => 60)
UNION ALL
SELECT 'anywhere', a.failures, a.wait
FROM (SELECT WHERE NOT EXISTS (SELECT FROM known WHERE known.kind = 'device')) counts
  CROSS JOIN LATERAL public.login_address_failures($10, make_interval(secs => $11)) a;

SELECT u.id, u.username, u.email, u.first_name AS "firstName", u.last_name AS "lastName", u.password,
  u.is_active AS "isActive", u.is_superuser AS "isSuperuser", ARRAY(
    SELECT 'totp'
    FROM totp_secret f
    WHERE f.user_id = u.id
      AND f.confirmed
    UNION ALL (SELECT 'passkey' FROM passkey f WHERE f.user_id = u.id LIMIT 1)
    UNION ALL (SELECT 'recovery_code' FROM recovery_code f WHERE f.user_id = u.id LIMIT 1)
  ) AS factors, ARRAY(
    SELECT g.name::text
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = u.id
    ORDER BY g.id
  ) AS groups, EXISTS (SELECT FROM password_demand p WHERE p.user_id = u.id) AS "mustChangePassword",
  coalesce((
    SELECT extract(epoch FROM o.created_at)::float8
    FROM token_blacklist_outstandingtoken o
    WHERE o.jti = 'issued-before-' || u.id
  ), 0) AS "tokensFrom"
FROM immigration_user u
WHERE u.username IN ($1, $2)
ORDER BY u.username <> $3
LIMIT 1;

 (
   SELECT password
   FROM immigration_user
   WHERE password ~ '^(argon2|pbkdf2_sha256)[$]'
     AND id >= ( SELECT (hashtext($1) & 2147483647) % (max(id) + 1) FROM immigration_user)
   ORDER BY id
   LIMIT 1
 )
UNION ALL (
  SELECT password
  FROM immigration_user
  WHERE password ~ '^(argon2|pbkdf2_sha256)[$]'
  ORDER BY id DESC
  LIMIT 1
)
LIMIT 1;

COMMIT;

-- next round trip

BEGIN;

WITH known AS MATERIALIZED (
  SELECT CASE WHEN k.is_token THEN 'device' ELSE 'place' END AS kind, k.user_id || ':' || encode(k.hash, 'hex') AS key
  FROM known_device k
    JOIN immigration_user u ON u.id = k.user_id
  WHERE u.username IN ($1, $2)
    AND k.hash IN ($3::bytea, $4::bytea)
    AND k.seen_at > now() - make_interval(days => $5)
  ORDER BY k.is_token DESC
  LIMIT 1
), counted (kind, key) AS (
  SELECT 'account', $6
  WHERE NOT EXISTS (SELECT FROM known)
  UNION ALL
  SELECT 'address', $7
  WHERE NOT EXISTS (SELECT FROM known WHERE known.kind = 'device')
  UNION ALL
  SELECT known.kind, known.key
  FROM known
)
SELECT f.kind, f.failures, extract(epoch FROM f.window_started_at + make_interval(secs => $8) - now())::float8 AS wait
FROM counted
  JOIN login_failure f
USING (kind, key)
WHERE f.window_started_at > now() - make_interval(secs => $9)
  AND f.window_started_at <= now() + make_interval(secs => 60)
UNION ALL
SELECT 'anywhere', a.failures, a.wait
FROM (SELECT WHERE NOT EXISTS (SELECT FROM known WHERE known.kind = 'device')) counts
  CROSS JOIN LATERAL public.login_address_failures($10, make_interval(secs => $11)) a;

SELECT id
FROM immigration_user
WHERE id = $1
FOR SHARE;

SELECT u.id, u.username, u.email, u.first_name AS "firstName", u.last_name AS "lastName", u.password,
  u.is_active AS "isActive", u.is_superuser AS "isSuperuser", ARRAY(
    SELECT 'totp'
    FROM totp_secret f
    WHERE f.user_id = u.id
      AND f.confirmed
    UNION ALL (SELECT 'passkey' FROM passkey f WHERE f.user_id = u.id LIMIT 1)
    UNION ALL (SELECT 'recovery_code' FROM recovery_code f WHERE f.user_id = u.id LIMIT 1)
  ) AS factors, ARRAY(
    SELECT g.name::text
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = u.id
    ORDER BY g.id
  ) AS groups, EXISTS (SELECT FROM password_demand p WHERE p.user_id = u.id) AS "mustChangePassword",
  coalesce((
    SELECT extract(epoch FROM o.created_at)::float8
    FROM token_blacklist_outstandingtoken o
    WHERE o.jti = 'issued-before-' || u.id
  ), 0) AS "tokensFrom"
FROM immigration_user u
WHERE u.id = $1;

-- next round trip

ROLLBACK;

-- POST /api/token/refresh/: 200

BEGIN;

SELECT id
FROM immigration_user
WHERE id = $1
FOR SHARE;

SELECT s.id, s.sid, s.user_id AS "userId", extract(epoch FROM s.created_at)::float8 AS "startedAt", s.ended_at IS NOT NULL AS "isEnded",
  (s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated') AS "isWhollyEnded", s.token_id AS "tokenId",
  s.spent_token_id AS "spentTokenId"
FROM user_session s
WHERE s.id = (SELECT o.id FROM token_blacklist_outstandingtoken o WHERE o.jti = $1)
FOR UPDATE;

WITH outstanding AS (
  INSERT INTO token_blacklist_outstandingtoken (token, jti, expires_at, created_at)
  VALUES ($1, $2, to_timestamp($3), now())
  ON CONFLICT (jti) DO UPDATE SET jti = excluded.jti
  RETURNING id
)
INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT id, now()
FROM outstanding
ON CONFLICT (token_id) DO NOTHING
RETURNING token_id AS id;

SELECT u.id, u.username, u.email, u.first_name AS "firstName", u.last_name AS "lastName", u.password,
  u.is_active AS "isActive", u.is_superuser AS "isSuperuser", ARRAY(
    SELECT 'totp'
    FROM totp_secret f
    WHERE f.user_id = u.id
      AND f.confirmed
    UNION ALL (SELECT 'passkey' FROM passkey f WHERE f.user_id = u.id LIMIT 1)
    UNION ALL (SELECT 'recovery_code' FROM recovery_code f WHERE f.user_id = u.id LIMIT 1)
  ) AS factors, ARRAY(
    SELECT g.name::text
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = u.id
    ORDER BY g.id
  ) AS groups, EXISTS (SELECT FROM password_demand p WHERE p.user_id = u.id) AS "mustChangePassword",
  coalesce((
    SELECT extract(epoch FROM o.created_at)::float8
    FROM token_blacklist_outstandingtoken o
    WHERE o.jti = 'issued-before-' || u.id
  ), 0) AS "tokensFrom"
FROM immigration_user u
WHERE u.id = $1;

-- next round trip

WITH token AS (
  INSERT INTO token_blacklist_outstandingtoken (token, jti, user_id, created_at, expires_at)
  VALUES ($1, $2, $3, to_timestamp($4), to_timestamp($5))
  RETURNING id
)
INSERT INTO user_session AS s (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until,
  address, agent, device, access_jti, spent_token_id)
SELECT $6::bigint, $7, $8::bigint, id, to_timestamp($9), to_timestamp($10), to_timestamp($11), to_timestamp($12),
  $13, $14, $15, $16, $17::bigint
FROM token
ON CONFLICT (id) DO UPDATE SET token_id = excluded.token_id, last_used_at = excluded.last_used_at, expires_at = excluded.expires_at,
  access_until = greatest(s.access_until, excluded.access_until), address = excluded.address, agent = excluded.agent,
  device = excluded.device, access_jti = excluded.access_jti, spent_token_id = excluded.spent_token_id;

UPDATE token_blacklist_blacklistedtoken
SET blacklisted_at = clock_timestamp()
WHERE token_id = $1;

COMMIT;

-- POST /api/token/blacklist/: 200

BEGIN;

SELECT s.id, s.sid, s.user_id AS "userId", extract(epoch FROM s.created_at)::float8 AS "startedAt", s.ended_at IS NOT NULL AS "isEnded",
  (s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated') AS "isWhollyEnded", s.token_id AS "tokenId",
  s.spent_token_id AS "spentTokenId"
FROM user_session s
WHERE s.id = (SELECT o.id FROM token_blacklist_outstandingtoken o WHERE o.jti = $1)
FOR UPDATE;

WITH outstanding AS (
  INSERT INTO token_blacklist_outstandingtoken (token, jti, expires_at, created_at)
  VALUES ($1, $2, to_timestamp($3), now())
  ON CONFLICT (jti) DO UPDATE SET jti = excluded.jti
  RETURNING id
)
INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT id, now()
FROM outstanding
ON CONFLICT (token_id) DO NOTHING
RETURNING token_id AS id;

-- next round trip

WITH made AS (
  INSERT INTO user_session (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until)
  SELECT o.id, replace(gen_random_uuid()::text, '-', ''), o.user_id, o.id, coalesce(o.created_at, now()),
    coalesce(o.created_at, now()), o.expires_at, now()
  FROM token_blacklist_outstandingtoken o
  WHERE o.id IN (SELECT $1::bigint AS token)
    AND o.user_id IS NOT NULL
  ON CONFLICT (id) DO NOTHING
  RETURNING *
)
SELECT s.id, s.sid, s.user_id AS "userId", extract(epoch FROM s.created_at)::float8 AS "startedAt", s.ended_at IS NOT NULL AS "isEnded",
  (s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated') AS "isWhollyEnded", s.token_id AS "tokenId",
  s.spent_token_id AS "spentTokenId"
FROM made s;

-- next round trip

COMMIT;

-- POST /api/token/verify/: 200

BEGIN;

SELECT EXISTS (
  SELECT
  FROM token_blacklist_blacklistedtoken b
    JOIN token_blacklist_outstandingtoken o ON o.id = b.token_id
  WHERE o.jti = $1
)
  OR EXISTS (
    SELECT
    FROM user_session s
    WHERE s.sid = $2
      AND s.ended_at IS NOT NULL
      AND ((s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated') OR s.access_jti = $3)
  )
  OR ($4::boolean AND EXISTS (
    SELECT
    FROM immigration_user u
    WHERE u.id = $5
      AND coalesce((
        SELECT extract(epoch FROM o.created_at)::float8
        FROM token_blacklist_outstandingtoken o
        WHERE o.jti = 'issued-before-' || u.id
      ), 0) > $6::float8
  )) AS "isEnded";

COMMIT;
