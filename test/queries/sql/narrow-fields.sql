-- GET /api/v1/narrow-fields/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_narrow_field" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", r."name", r."broad_field_id" AS "broad_field"
FROM "immigration_narrow_field" r
  JOIN immigration_broad_field f ON f.id = r.broad_field_id
WHERE r.deleted_at IS NULL
ORDER BY f.name, r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/narrow-fields/: 201

BEGIN;

SELECT id
FROM "immigration_broad_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_narrow_field" ("name", "broad_field_id", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4)
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", r."name", r."broad_field_id" AS "broad_field"
FROM changed r;

COMMIT;

-- GET /api/v1/narrow-fields/:id/: 200

BEGIN;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", r."name", r."broad_field_id" AS "broad_field"
FROM "immigration_narrow_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/narrow-fields/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_narrow_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT id
FROM "immigration_broad_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_narrow_field"
  SET "name" = $1, "broad_field_id" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", r."name", r."broad_field_id" AS "broad_field"
FROM changed r;

COMMIT;

-- PATCH /api/v1/narrow-fields/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_narrow_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT id
FROM "immigration_broad_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_narrow_field"
  SET "name" = $1, "broad_field_id" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", r."name", r."broad_field_id" AS "broad_field"
FROM changed r;

COMMIT;

-- DELETE /api/v1/narrow-fields/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_narrow_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_narrow_field"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;
