-- GET /api/v1/permissions/: 200

BEGIN;

SELECT count(*) AS count
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'));

SELECT p.id AS "id", p.name AS "name", ct.app_label || '.' || ct.model AS "content_type", coalesce((
  SELECT substr(a.name, length('Can add ') + 1)
  FROM auth_permission a
  WHERE a.content_type_id = ct.id
    AND a.codename = 'add_' || ct.model
    AND a.name LIKE 'Can add _%'
), ct.model) AS "content_type_display"
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
ORDER BY ct.app_label, ct.model, p.codename
LIMIT 25;

COMMIT;

-- GET /api/v1/permissions/:id/: 200

BEGIN;

SELECT p.id AS "id", p.name AS "name", ct.app_label || '.' || ct.model AS "content_type", coalesce((
  SELECT substr(a.name, length('Can add ') + 1)
  FROM auth_permission a
  WHERE a.content_type_id = ct.id
    AND a.codename = 'add_' || ct.model
    AND a.name LIKE 'Can add _%'
), ct.model) AS "content_type_display"
FROM auth_permission p
  JOIN django_content_type ct ON ct.id = p.content_type_id
WHERE (ct.app_label = 'immigration' AND "ct".model NOT IN ('event', 'eventprocessingcontrol'))
  AND p.id = $1::bigint;

COMMIT;
