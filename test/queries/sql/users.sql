-- GET /api/v1/users/: 200

BEGIN;

SELECT count(*) AS count
FROM immigration_user r
WHERE true;

SELECT r."id", r."username", r."email", r."first_name", r."last_name", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name",
  m.names AS "groups_list", m.labels AS "groups_list_display", m.names[1] AS "primary_group", m.labels[1] AS "primary_group_display",
  coalesce((
    SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = r.id
      AND b.deleted_at IS NULL
  ), '[]') AS "branches_data", coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
    FROM immigration_user_regions ur
      JOIN immigration_region g ON g.id = ur.region_id
    WHERE ur.user_id = r.id
  ), '[]') AS "regions_data", coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
      ct.model, p.codename)
    FROM auth_permission p
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE p.id IN (
      SELECT permission_id
      FROM immigration_user_user_permissions
      WHERE user_id = r.id
    )
      AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  ), '[]') AS "user_permissions_list", r."is_active", r."is_staff", r."is_superuser", r."date_joined",
  r."last_login"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE true
ORDER BY r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/users/, for one branch

BEGIN;

SELECT count(*) AS count
FROM immigration_user r
WHERE (EXISTS (
  SELECT
  FROM immigration_user_branches ub
  WHERE ub.user_id = r.id
    AND ub.branch_id = ANY ($1::bigint[])
));

SELECT r."id", r."username", r."email", r."first_name", r."last_name", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name",
  m.names AS "groups_list", m.labels AS "groups_list_display", m.names[1] AS "primary_group", m.labels[1] AS "primary_group_display",
  coalesce((
    SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = r.id
      AND b.deleted_at IS NULL
  ), '[]') AS "branches_data", coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
    FROM immigration_user_regions ur
      JOIN immigration_region g ON g.id = ur.region_id
    WHERE ur.user_id = r.id
  ), '[]') AS "regions_data", coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
      ct.model, p.codename)
    FROM auth_permission p
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE p.id IN (
      SELECT permission_id
      FROM immigration_user_user_permissions
      WHERE user_id = r.id
    )
      AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  ), '[]') AS "user_permissions_list", r."is_active", r."is_staff", r."is_superuser", r."date_joined",
  r."last_login"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE (EXISTS (
  SELECT
  FROM immigration_user_branches ub
  WHERE ub.user_id = r.id
    AND ub.branch_id = ANY ($1::bigint[])
))
ORDER BY r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/users/assignable/: 200

BEGIN;

SELECT count(*) AS count
FROM immigration_user r
WHERE true
  AND r.is_active = $1;

SELECT r."id", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name", r."email", m.names[1] AS "primary_group",
  m.labels[1] AS "primary_group_display", r."username"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE true
  AND r.is_active = $1
ORDER BY r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/users/assignable/, for one branch

BEGIN;

SELECT count(*) AS count
FROM immigration_user r
WHERE (EXISTS (
  SELECT
  FROM immigration_user_branches ub
  WHERE ub.user_id = r.id
    AND ub.branch_id = ANY ($1::bigint[])
))
  AND r.is_active = $2;

SELECT r."id", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name", r."email", m.names[1] AS "primary_group",
  m.labels[1] AS "primary_group_display", r."username"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE (EXISTS (
  SELECT
  FROM immigration_user_branches ub
  WHERE ub.user_id = r.id
    AND ub.branch_id = ANY ($1::bigint[])
))
  AND r.is_active = $2
ORDER BY r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/users/profile/: 200

BEGIN;

SELECT p.codename AS "codename", p.name AS "name", ct.app_label || '.' || ct.model AS "content_type"
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE ((ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol')) OR (ct.app_label = 'auth' AND ct.model = 'group'))
  AND p.id IN (
    SELECT permission_id
    FROM immigration_user_user_permissions
    WHERE user_id = $1
    UNION ALL
    SELECT gp.permission_id
    FROM auth_group_permissions gp
      JOIN auth_group g ON g.id = gp.group_id
    WHERE CASE WHEN $2 THEN g.name = 'SUPER_ADMIN' ELSE g.id IN ( SELECT group_id FROM immigration_user_groups WHERE user_id = $3) END
  )
ORDER BY ct.app_label, ct.model, p.codename;

SELECT r."id", r."username", r."email", r."first_name", r."last_name", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name",
  m.names AS "groups_list", m.labels AS "groups_list_display", m.names[1] AS "primary_group", m.labels[1] AS "primary_group_display",
  coalesce((
    SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = r.id
      AND b.deleted_at IS NULL
  ), '[]') AS "branches_data", coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
    FROM immigration_user_regions ur
      JOIN immigration_region g ON g.id = ur.region_id
    WHERE ur.user_id = r.id
  ), '[]') AS "regions_data", coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
      ct.model, p.codename)
    FROM auth_permission p
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE p.id IN (
      SELECT permission_id
      FROM immigration_user_user_permissions
      WHERE user_id = r.id
    )
      AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  ), '[]') AS "user_permissions_list", r."is_active", r."is_staff", r."is_superuser", r."date_joined",
  r."last_login"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE r.id = $1;

COMMIT;

-- GET /api/v1/users/:id/: 200

BEGIN;

SELECT r."id", r."username", r."email", r."first_name", r."last_name", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name",
  m.names AS "groups_list", m.labels AS "groups_list_display", m.names[1] AS "primary_group", m.labels[1] AS "primary_group_display",
  coalesce((
    SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = r.id
      AND b.deleted_at IS NULL
  ), '[]') AS "branches_data", coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
    FROM immigration_user_regions ur
      JOIN immigration_region g ON g.id = ur.region_id
    WHERE ur.user_id = r.id
  ), '[]') AS "regions_data", coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
      ct.model, p.codename)
    FROM auth_permission p
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE p.id IN (
      SELECT permission_id
      FROM immigration_user_user_permissions
      WHERE user_id = r.id
    )
      AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  ), '[]') AS "user_permissions_list", r."is_active", r."is_staff", r."is_superuser", r."date_joined",
  r."last_login"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE r.id = $1
  AND true;

COMMIT;

-- GET /api/v1/users/second-factor/: 200

BEGIN;

SELECT count(*) AS count
FROM immigration_user r
WHERE true;

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
  WHERE true
) u
ORDER BY u.id
LIMIT 25;

COMMIT;

-- GET /api/v1/users/second-factor/, for one branch

BEGIN;

SELECT count(*) AS count
FROM immigration_user r
WHERE (EXISTS (
  SELECT
  FROM immigration_user_branches ub
  WHERE ub.user_id = r.id
    AND ub.branch_id = ANY ($1::bigint[])
));

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
  WHERE (EXISTS (
    SELECT
    FROM immigration_user_branches ub
    WHERE ub.user_id = r.id
      AND ub.branch_id = ANY ($1::bigint[])
  ))
) u
ORDER BY u.id
LIMIT 25;

COMMIT;

-- GET /api/v1/users/:id/second-factor/: 200

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
    AND true
) u
ORDER BY u.id;

COMMIT;

-- POST /api/v1/users/:id/second-factor/reset/: 204

DELETE FROM totp_secret
WHERE user_id = $1;

DELETE FROM passkey
WHERE user_id = $1;

DELETE FROM recovery_code
WHERE user_id = $1;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' account mail'), ($1::bigint % 2147483647)::integer);

WITH allowed AS MATERIALIZED (
  SELECT $1::bigint AS id
  WHERE (
    SELECT count(*)
    FROM delivery d
    WHERE d.account_id = $2
      AND d.created_at > now() - interval '1 hour'
      AND d.event_type <> $3
  ) < $4
    AND true
)
INSERT INTO delivery (kind, recipient, destination, event_type, subject, body, account_id, link_id)
SELECT 'email', $5, 'mail', $6, $7, $8, allowed.id, NULL
FROM allowed;

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

COMMIT;

-- POST /api/v1/users/: 201

LOCK TABLE immigration_user IN ROW EXCLUSIVE MODE;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(key))
FROM unnest($1::text[]) AS wanted (key);

SELECT EXISTS (
  SELECT
  FROM immigration_user
  WHERE lower(normalize("username", NFKC)) = lower(normalize($1::text, NFKC))
    AND id IS DISTINCT FROM $2::bigint
) AS username, EXISTS (
  SELECT
  FROM immigration_user
  WHERE lower(normalize("email", NFKC)) = lower(normalize($3::text, NFKC))
    AND id IS DISTINCT FROM $4::bigint
) AS email;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(key))
FROM unnest($1::text[]) AS wanted (key);

SELECT count(*)::integer AS count
FROM immigration_user
WHERE is_active;

-- next round trip

INSERT INTO "immigration_user" ("username", "email", "first_name", "last_name", "password", "is_active")
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id;

-- next round trip

DELETE FROM immigration_user_groups
WHERE user_id = $1;

INSERT INTO immigration_user_groups (user_id, group_id)
SELECT $1, id
FROM auth_group
WHERE name = $2;

DELETE FROM "immigration_user_branches"
WHERE user_id = $1;

INSERT INTO "immigration_user_branches" (user_id, "branch_id")
SELECT $1, id
FROM unnest($2::bigint[])
WITH ORDINALITY AS given (id, place)
ORDER BY place;

DELETE FROM "immigration_user_regions"
WHERE user_id = $1;

INSERT INTO "immigration_user_regions" (user_id, "region_id")
SELECT $1, id
FROM unnest($2::bigint[])
WITH ORDINALITY AS given (id, place)
ORDER BY place;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT r."id", r."username", r."email", r."first_name", r."last_name", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name",
  m.names AS "groups_list", m.labels AS "groups_list_display", m.names[1] AS "primary_group", m.labels[1] AS "primary_group_display",
  coalesce((
    SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = r.id
      AND b.deleted_at IS NULL
  ), '[]') AS "branches_data", coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
    FROM immigration_user_regions ur
      JOIN immigration_region g ON g.id = ur.region_id
    WHERE ur.user_id = r.id
  ), '[]') AS "regions_data", coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
      ct.model, p.codename)
    FROM auth_permission p
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE p.id IN (
      SELECT permission_id
      FROM immigration_user_user_permissions
      WHERE user_id = r.id
    )
      AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  ), '[]') AS "user_permissions_list", r."is_active", r."is_staff", r."is_superuser", r."date_joined",
  r."last_login"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE r.id = $1;

COMMIT;

-- PATCH /api/v1/users/:id/: 200

LOCK TABLE immigration_user IN ROW EXCLUSIVE MODE;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(key))
FROM unnest($1::text[]) AS wanted (key);

SELECT EXISTS (
  SELECT
  FROM immigration_user
  WHERE lower(normalize("username", NFKC)) = lower(normalize($1::text, NFKC))
    AND id IS DISTINCT FROM $2::bigint
) AS username, EXISTS (
  SELECT
  FROM immigration_user
  WHERE lower(normalize("email", NFKC)) = lower(normalize($3::text, NFKC))
    AND id IS DISTINCT FROM $4::bigint
) AS email;

-- next round trip

DELETE FROM immigration_user_groups
WHERE user_id = $1;

INSERT INTO immigration_user_groups (user_id, group_id)
SELECT $1, id
FROM auth_group
WHERE name = $2;

UPDATE immigration_user
SET password = $1
WHERE id = $2;

DELETE FROM account_link
WHERE user_id = $1;

DELETE FROM password_demand
WHERE user_id = $1;

DELETE FROM login_failure f
WHERE (f.kind = 'account' AND f.key = $1)
  OR (f.kind IN ('device', 'place') AND f.key LIKE (SELECT u.id || ':%' FROM immigration_user u WHERE u.username = $2));

SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' account mail'), ($1::bigint % 2147483647)::integer);

WITH allowed AS MATERIALIZED (
  SELECT $1::bigint AS id
  WHERE (
    SELECT count(*)
    FROM delivery d
    WHERE d.account_id = $2
      AND d.created_at > now() - interval '1 hour'
      AND d.event_type <> $3
  ) < $4
    AND true
)
INSERT INTO delivery (kind, recipient, destination, event_type, subject, body, account_id, link_id)
SELECT 'email', $5, 'mail', $6, $7, $8, allowed.id, NULL
FROM allowed;

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

UPDATE "immigration_user"
SET "email" = $1, "first_name" = $2, "last_name" = $3
WHERE id = $4;

SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' account mail'), ($1::bigint % 2147483647)::integer);

WITH allowed AS MATERIALIZED (
  SELECT $1::bigint AS id
  WHERE (
    SELECT count(*)
    FROM delivery d
    WHERE d.account_id = $2
      AND d.created_at > now() - interval '1 hour'
      AND d.event_type <> $3
  ) < $4
    AND true
)
INSERT INTO delivery (kind, recipient, destination, event_type, subject, body, account_id, link_id)
SELECT 'email', $5, 'mail', $6, $7, $8, allowed.id, NULL
FROM allowed;

SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' account mail'), ($1::bigint % 2147483647)::integer);

WITH allowed AS MATERIALIZED (
  SELECT $1::bigint AS id
  WHERE (
    SELECT count(*)
    FROM delivery d
    WHERE d.account_id = $2
      AND d.created_at > now() - interval '1 hour'
      AND d.event_type <> $3
  ) < $4
    AND true
)
INSERT INTO delivery (kind, recipient, destination, event_type, subject, body, account_id, link_id)
SELECT 'email', $5, 'mail', $6, $7, $8, allowed.id, NULL
FROM allowed;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT r."id", r."username", r."email", r."first_name", r."last_name", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name",
  m.names AS "groups_list", m.labels AS "groups_list_display", m.names[1] AS "primary_group", m.labels[1] AS "primary_group_display",
  coalesce((
    SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = r.id
      AND b.deleted_at IS NULL
  ), '[]') AS "branches_data", coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
    FROM immigration_user_regions ur
      JOIN immigration_region g ON g.id = ur.region_id
    WHERE ur.user_id = r.id
  ), '[]') AS "regions_data", coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
      ct.model, p.codename)
    FROM auth_permission p
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE p.id IN (
      SELECT permission_id
      FROM immigration_user_user_permissions
      WHERE user_id = r.id
    )
      AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  ), '[]') AS "user_permissions_list", r."is_active", r."is_staff", r."is_superuser", r."date_joined",
  r."last_login"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE r.id = $1;

COMMIT;

-- DELETE /api/v1/users/:id/: 204

COMMIT;

-- POST /api/v1/users/:id/assign-permissions/: 200

SELECT p.id, ct.app_label || '.' || p.codename AS permission, (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol')) AS shown
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE p.id = ANY ($1::integer[])
ORDER BY ct.app_label, ct.model, p.codename;

-- next round trip

DELETE FROM "immigration_user_user_permissions" l
USING auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE l."user_id" = $1
  AND p.id = l.permission_id
  AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  AND l.permission_id <> ALL ($2::integer[]);

INSERT INTO "immigration_user_user_permissions" ("user_id", permission_id)
SELECT $1, id
FROM unnest($2::integer[]) AS given (id)
ORDER BY id
ON CONFLICT DO NOTHING;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT r."id", r."username", r."email", r."first_name", r."last_name", trim("r"."first_name" || ' ' || "r"."last_name") AS "full_name",
  m.names AS "groups_list", m.labels AS "groups_list_display", m.names[1] AS "primary_group", m.labels[1] AS "primary_group_display",
  coalesce((
    SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = r.id
      AND b.deleted_at IS NULL
  ), '[]') AS "branches_data", coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
    FROM immigration_user_regions ur
      JOIN immigration_region g ON g.id = ur.region_id
    WHERE ur.user_id = r.id
  ), '[]') AS "regions_data", coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
      ct.model, p.codename)
    FROM auth_permission p
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE p.id IN (
      SELECT permission_id
      FROM immigration_user_user_permissions
      WHERE user_id = r.id
    )
      AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  ), '[]') AS "user_permissions_list", r."is_active", r."is_staff", r."is_superuser", r."date_joined",
  r."last_login"
FROM immigration_user r
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names, coalesce(array_agg(initcap(replace("g"."name", '_', ' ') COLLATE "C") ORDER BY g.id),
      '{}') AS labels
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = r.id
  ) m
WHERE r.id = $1;

COMMIT;

-- POST /api/v1/users/:id/set-password/: 204

UPDATE immigration_user
SET password = $1
WHERE id = $2;

DELETE FROM account_link
WHERE user_id = $1;

DELETE FROM password_demand
WHERE user_id = $1;

DELETE FROM login_failure f
WHERE (f.kind = 'account' AND f.key = $1)
  OR (f.kind IN ('device', 'place') AND f.key LIKE (SELECT u.id || ':%' FROM immigration_user u WHERE u.username = $2));

SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' account mail'), ($1::bigint % 2147483647)::integer);

WITH allowed AS MATERIALIZED (
  SELECT $1::bigint AS id
  WHERE (
    SELECT count(*)
    FROM delivery d
    WHERE d.account_id = $2
      AND d.created_at > now() - interval '1 hour'
      AND d.event_type <> $3
  ) < $4
    AND true
)
INSERT INTO delivery (kind, recipient, destination, event_type, subject, body, account_id, link_id)
SELECT 'email', $5, 'mail', $6, $7, $8, allowed.id, NULL
FROM allowed;

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

-- POST /api/v1/users/:id/invite/: 400

SELECT password
FROM immigration_user
WHERE id = $1;

-- next round trip

ROLLBACK;

-- POST /api/v1/users/:id/unlock/: 204

DELETE FROM login_failure f
WHERE (f.kind = 'account' AND f.key = $1)
  OR (f.kind IN ('device', 'place') AND f.key LIKE (SELECT u.id || ':%' FROM immigration_user u WHERE u.username = $2));

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

COMMIT;

-- POST /api/v1/users/change-password/: 200

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
WHERE u.id = $1;

COMMIT;

-- next round trip

BEGIN;

SELECT id
FROM immigration_user
WHERE id = $1
FOR NO KEY UPDATE;

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
WHERE u.id = $1;

-- next round trip

UPDATE immigration_user
SET password = $1
WHERE id = $2;

DELETE FROM account_link
WHERE user_id = $1;

DELETE FROM password_demand
WHERE user_id = $1;

DELETE FROM login_failure f
WHERE (f.kind = 'account' AND f.key = $1)
  OR (f.kind IN ('device', 'place') AND f.key LIKE (SELECT u.id || ':%' FROM immigration_user u WHERE u.username = $2));

SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' account mail'), ($1::bigint % 2147483647)::integer);

WITH allowed AS MATERIALIZED (
  SELECT $1::bigint AS id
  WHERE (
    SELECT count(*)
    FROM delivery d
    WHERE d.account_id = $2
      AND d.created_at > now() - interval '1 hour'
      AND d.event_type <> $3
  ) < $4
    AND true
)
INSERT INTO delivery (kind, recipient, destination, event_type, subject, body, account_id, link_id)
SELECT 'email', $5, 'mail', $6, $7, $8, allowed.id, NULL
FROM allowed;

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
INSERT INTO user_session (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until,
  address, agent, device, access_jti)
SELECT id, $6, $7::bigint, id, to_timestamp($8), to_timestamp($9), to_timestamp($10), to_timestamp($11),
  $12, $13, $14, $15
FROM token;

COMMIT;

-- GET /api/v1/users/:id/sessions/: 200

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

SELECT u.id, u.username, u.email, u.first_name AS "firstName", u.last_name AS "lastName", u.is_active AS "isActive",
  u.is_superuser AS "isSuperuser", ARRAY(
    SELECT g.name::text
    FROM immigration_user_groups ug
      JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = u.id
    ORDER BY g.id
  ) AS groups, ARRAY(
    SELECT ub.branch_id
    FROM immigration_user_branches ub
      JOIN immigration_branch b ON b.id = ub.branch_id
    WHERE ub.user_id = u.id
      AND b.deleted_at IS NULL
    ORDER BY ub.id
  ) AS "branchIds", ARRAY(SELECT region_id FROM immigration_user_regions WHERE user_id = u.id ORDER BY id) AS "regionIds",
  ARRAY(
    SELECT permission_id
    FROM immigration_user_user_permissions
    WHERE user_id = u.id
  ) AS "permissionIds", ARRAY(
    SELECT ct.app_label || '.' || p.codename
    FROM immigration_user_user_permissions up
      JOIN auth_permission p ON p.id = up.permission_id
      JOIN django_content_type ct ON ct.id = p.content_type_id
    WHERE up.user_id = u.id
  ) AS permissions
FROM immigration_user u
WHERE u.id = $1;

-- next round trip

COMMIT;

-- POST /api/v1/users/:id/end-sessions/: 200

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
