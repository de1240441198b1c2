-- GET /api/v1/courses/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_course" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (SELECT n."name" FROM "immigration_course_level" n WHERE n.id = r."level_id") AS "level_name", (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", (
    SELECT n."name"
    FROM "immigration_narrow_field" n
    WHERE n.id = r."narrow_field_id"
  ) AS "narrow_field_name", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."name", r."total_tuition_fee", r."coe_fee", r."description", r."institute_id" AS "institute", r."level_id" AS "level",
  r."broad_field_id" AS "broad_field", r."narrow_field_id" AS "narrow_field"
FROM "immigration_course" r
  JOIN immigration_institute i ON i.id = r.institute_id
WHERE r.deleted_at IS NULL
ORDER BY i.name, r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/courses/: 201

BEGIN;

SELECT id
FROM "immigration_broad_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_institute"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_course_level"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_narrow_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_course" ("name", "total_tuition_fee", "coe_fee", "institute_id", "level_id",
    "broad_field_id", "narrow_field_id", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (SELECT n."name" FROM "immigration_course_level" n WHERE n.id = r."level_id") AS "level_name", (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", (
    SELECT n."name"
    FROM "immigration_narrow_field" n
    WHERE n.id = r."narrow_field_id"
  ) AS "narrow_field_name", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."name", r."total_tuition_fee", r."coe_fee", r."description", r."institute_id" AS "institute", r."level_id" AS "level",
  r."broad_field_id" AS "broad_field", r."narrow_field_id" AS "narrow_field"
FROM changed r;

COMMIT;

-- GET /api/v1/courses/:id/: 200

BEGIN;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (SELECT n."name" FROM "immigration_course_level" n WHERE n.id = r."level_id") AS "level_name", (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", (
    SELECT n."name"
    FROM "immigration_narrow_field" n
    WHERE n.id = r."narrow_field_id"
  ) AS "narrow_field_name", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."name", r."total_tuition_fee", r."coe_fee", r."description", r."institute_id" AS "institute", r."level_id" AS "level",
  r."broad_field_id" AS "broad_field", r."narrow_field_id" AS "narrow_field"
FROM "immigration_course" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/courses/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_course" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT id
FROM "immigration_broad_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_institute"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_course_level"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_narrow_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_course"
  SET "name" = $1, "total_tuition_fee" = $2, "coe_fee" = $3, "institute_id" = $4, "level_id" = $5, "broad_field_id" = $6,
    "narrow_field_id" = $7, "updated_by_id" = $8, "updated_at" = now()
  WHERE id = $9::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (SELECT n."name" FROM "immigration_course_level" n WHERE n.id = r."level_id") AS "level_name", (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", (
    SELECT n."name"
    FROM "immigration_narrow_field" n
    WHERE n.id = r."narrow_field_id"
  ) AS "narrow_field_name", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."name", r."total_tuition_fee", r."coe_fee", r."description", r."institute_id" AS "institute", r."level_id" AS "level",
  r."broad_field_id" AS "broad_field", r."narrow_field_id" AS "narrow_field"
FROM changed r;

COMMIT;

-- PATCH /api/v1/courses/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_course" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT id
FROM "immigration_broad_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_institute"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_course_level"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM "immigration_narrow_field"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_course"
  SET "name" = $1, "total_tuition_fee" = $2, "coe_fee" = $3, "institute_id" = $4, "level_id" = $5, "broad_field_id" = $6,
    "narrow_field_id" = $7, "updated_by_id" = $8, "updated_at" = now()
  WHERE id = $9::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  (SELECT n."name" FROM "immigration_course_level" n WHERE n.id = r."level_id") AS "level_name", (
    SELECT n."name"
    FROM "immigration_broad_field" n
    WHERE n.id = r."broad_field_id"
  ) AS "broad_field_name", (
    SELECT n."name"
    FROM "immigration_narrow_field" n
    WHERE n.id = r."narrow_field_id"
  ) AS "narrow_field_name", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."name", r."total_tuition_fee", r."coe_fee", r."description", r."institute_id" AS "institute", r."level_id" AS "level",
  r."broad_field_id" AS "broad_field", r."narrow_field_id" AS "narrow_field"
FROM changed r;

COMMIT;

-- DELETE /api/v1/courses/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_course" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_course"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;
