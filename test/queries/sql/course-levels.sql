-- GET /api/v1/course-levels/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_course_level" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM "immigration_course_level" r
WHERE r.deleted_at IS NULL
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/course-levels/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM "immigration_course_level" WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_course_level" ("name", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3)
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM changed r;

COMMIT;

-- GET /api/v1/course-levels/:id/: 200

BEGIN;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM "immigration_course_level" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/course-levels/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_course_level" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM "immigration_course_level" WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_course_level"
  SET "name" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM changed r;

COMMIT;

-- PATCH /api/v1/course-levels/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_course_level" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM "immigration_course_level" WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_course_level"
  SET "name" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM changed r;

COMMIT;

-- DELETE /api/v1/course-levels/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_course_level" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_course_level"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;
