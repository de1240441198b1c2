-- GET /api/v1/second-factor/: 200

BEGIN;

SELECT u.id, u.username, u.is_active, u.is_superuser AS "isSuperuser", ARRAY(
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
) AS groups, (SELECT count(*)::integer FROM passkey p WHERE p.user_id = u.id) AS passkeys, (SELECT count(*)::integer FROM recovery_code c WHERE c.user_id = u.id) AS codes
FROM (
  SELECT r.id, r.username, r.is_active, r.is_superuser
  FROM immigration_user r
  WHERE r.id = $1
) u
ORDER BY u.id;

COMMIT;

-- GET /api/v1/second-factor/passkeys/: 200

BEGIN;

SELECT count(*) AS count
FROM passkey r
WHERE r.user_id = $1;

SELECT r."id", r."name", r."host", r."created_at", r."last_used_at"
FROM passkey r
WHERE r.user_id = $1
ORDER BY r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/second-factor/passkeys/:id/: 200

BEGIN;

SELECT r."id", r."name", r."host", r."created_at", r."last_used_at"
FROM passkey r
WHERE r.id = $1
  AND r.user_id = $2;

COMMIT;

-- PATCH /api/v1/second-factor/passkeys/:id/: 200

BEGIN;

SELECT id
FROM passkey
WHERE id = $1
  AND user_id = $2
FOR NO KEY UPDATE;

-- next round trip

SELECT r."id", r."name", r."host", r."created_at", r."last_used_at"
FROM passkey r
WHERE r.id = $1
  AND r.user_id = $2;

COMMIT;

-- POST /api/v1/second-factor/passkeys/:id/remove/: 400

BEGIN;

SELECT r."id", r."name", r."host", r."created_at", r."last_used_at"
FROM passkey r
WHERE r.id = $1
  AND r.user_id = $2;

COMMIT;
