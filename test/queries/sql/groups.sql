-- GET /api/v1/groups/: 200

BEGIN;

SELECT count(*) AS count
FROM "auth_group" r
WHERE true;

SELECT r."id", r."name", initcap(replace("r"."name", '_', ' ') COLLATE "C") AS "display_name", coalesce((
  SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
    ct.model, p.codename)
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
), '[]') AS "permissions_list", (
  SELECT count(*)::integer
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
) AS "permissions_count", (SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id) AS "users_count"
FROM "auth_group" r
WHERE true
ORDER BY r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/groups/options/: 200

BEGIN;

SELECT r."id", r."name", initcap(replace("r"."name", '_', ' ') COLLATE "C") AS "display_name"
FROM auth_group r
WHERE r.name = ANY ($1::text[])
ORDER BY r.name;

COMMIT;

-- GET /api/v1/groups/:id/: 200

BEGIN;

SELECT r."id", r."name", initcap(replace("r"."name", '_', ' ') COLLATE "C") AS "display_name", coalesce((
  SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
    ct.model, p.codename)
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
), '[]') AS "permissions_list", (
  SELECT count(*)::integer
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
) AS "permissions_count", (SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id) AS "users_count"
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- POST /api/v1/groups/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM auth_group WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

SELECT p.id, ct.app_label || '.' || p.codename AS permission, (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol')) AS shown
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE p.id = ANY ($1::integer[])
ORDER BY ct.app_label, ct.model, p.codename;

-- next round trip

INSERT INTO auth_group (name)
VALUES ($1)
RETURNING id;

-- next round trip

DELETE FROM "auth_group_permissions" l
USING auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE l."group_id" = $1
  AND p.id = l.permission_id
  AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  AND l.permission_id <> ALL ($2::integer[]);

INSERT INTO "auth_group_permissions" ("group_id", permission_id)
SELECT $1, id
FROM unnest($2::integer[]) AS given (id)
ORDER BY id
ON CONFLICT DO NOTHING;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT r."id", r."name", initcap(replace("r"."name", '_', ' ') COLLATE "C") AS "display_name", coalesce((
  SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
    ct.model, p.codename)
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
), '[]') AS "permissions_list", (
  SELECT count(*)::integer
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
) AS "permissions_count", (SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id) AS "users_count"
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PUT /api/v1/groups/:id/: 200

BEGIN;

SELECT r.*
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM auth_group WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

UPDATE auth_group
SET name = $1
WHERE id = $2;

SELECT permission_id AS id
FROM auth_group_permissions
WHERE group_id = $1;

-- next round trip

SELECT p.id, ct.app_label || '.' || p.codename AS permission, (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol')) AS shown
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE p.id = ANY ($1::integer[])
ORDER BY ct.app_label, ct.model, p.codename;

-- next round trip

DELETE FROM "auth_group_permissions" l
USING auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE l."group_id" = $1
  AND p.id = l.permission_id
  AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  AND l.permission_id <> ALL ($2::integer[]);

INSERT INTO "auth_group_permissions" ("group_id", permission_id)
SELECT $1, id
FROM unnest($2::integer[]) AS given (id)
ORDER BY id
ON CONFLICT DO NOTHING;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT r."id", r."name", initcap(replace("r"."name", '_', ' ') COLLATE "C") AS "display_name", coalesce((
  SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
    ct.model, p.codename)
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
), '[]') AS "permissions_list", (
  SELECT count(*)::integer
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
) AS "permissions_count", (SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id) AS "users_count"
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PATCH /api/v1/groups/:id/: 200

BEGIN;

SELECT r.*
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM auth_group WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

UPDATE auth_group
SET name = $1
WHERE id = $2;

SELECT permission_id AS id
FROM auth_group_permissions
WHERE group_id = $1;

-- next round trip

SELECT p.id, ct.app_label || '.' || p.codename AS permission, (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol')) AS shown
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE p.id = ANY ($1::integer[])
ORDER BY ct.app_label, ct.model, p.codename;

-- next round trip

DELETE FROM "auth_group_permissions" l
USING auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE l."group_id" = $1
  AND p.id = l.permission_id
  AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  AND l.permission_id <> ALL ($2::integer[]);

INSERT INTO "auth_group_permissions" ("group_id", permission_id)
SELECT $1, id
FROM unnest($2::integer[]) AS given (id)
ORDER BY id
ON CONFLICT DO NOTHING;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT r."id", r."name", initcap(replace("r"."name", '_', ' ') COLLATE "C") AS "display_name", coalesce((
  SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
    ct.model, p.codename)
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
), '[]') AS "permissions_list", (
  SELECT count(*)::integer
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
) AS "permissions_count", (SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id) AS "users_count"
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- DELETE /api/v1/groups/:id/: 204

BEGIN;

SELECT r.*
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true
FOR UPDATE;

-- next round trip

DELETE FROM "auth_group"
WHERE id = $1::bigint;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

COMMIT;

-- POST /api/v1/groups/:id/assign-permissions/: 200

BEGIN;

SELECT r.*
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT permission_id AS id
FROM auth_group_permissions
WHERE group_id = $1;

-- next round trip

SELECT p.id, ct.app_label || '.' || p.codename AS permission, (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol')) AS shown
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE p.id = ANY ($1::integer[])
ORDER BY ct.app_label, ct.model, p.codename;

-- next round trip

DELETE FROM "auth_group_permissions" l
USING auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE l."group_id" = $1
  AND p.id = l.permission_id
  AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  AND l.permission_id <> ALL ($2::integer[]);

INSERT INTO "auth_group_permissions" ("group_id", permission_id)
SELECT $1, id
FROM unnest($2::integer[]) AS given (id)
ORDER BY id
ON CONFLICT DO NOTHING;

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

SELECT r."id", r."name", initcap(replace("r"."name", '_', ' ') COLLATE "C") AS "display_name", coalesce((
  SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model) ORDER BY ct.app_label,
    ct.model, p.codename)
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
), '[]') AS "permissions_list", (
  SELECT count(*)::integer
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE p.id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id)
    AND (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
) AS "permissions_count", (SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id) AS "users_count"
FROM "auth_group" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;
