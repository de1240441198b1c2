-- GET /api/v1/application-types/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_applicationtype" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."title", r."currency", r."tax_name", r."tax_percentage", r."description", r."is_active",
  (SELECT count(*) FROM immigration_stage s WHERE s.application_type_id = r.id) AS "stages_count", EXISTS (
    SELECT
    FROM immigration_collegeapplication a
    WHERE a.application_type_id = r.id
      AND a.deleted_at IS NULL
  ) AS "has_applications", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM "immigration_applicationtype" r
WHERE r.deleted_at IS NULL
ORDER BY r.title, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/application-types/: 201

BEGIN;

WITH changed AS (
  INSERT INTO "immigration_applicationtype" ("title", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3)
  RETURNING *
)
SELECT r."id", r."title", r."currency", r."tax_name", r."tax_percentage", r."description", r."is_active",
  (SELECT count(*) FROM immigration_stage s WHERE s.application_type_id = r.id) AS "stages_count", EXISTS (
    SELECT
    FROM immigration_collegeapplication a
    WHERE a.application_type_id = r.id
      AND a.deleted_at IS NULL
  ) AS "has_applications", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/application-types/:id/: 200

BEGIN;

SELECT r."id", r."title", r."currency", r."tax_name", r."tax_percentage", r."description", r."is_active",
  (SELECT count(*) FROM immigration_stage s WHERE s.application_type_id = r.id) AS "stages_count", EXISTS (
    SELECT
    FROM immigration_collegeapplication a
    WHERE a.application_type_id = r.id
      AND a.deleted_at IS NULL
  ) AS "has_applications", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM "immigration_applicationtype" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PATCH /api/v1/application-types/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_applicationtype" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_applicationtype"
  SET "title" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."title", r."currency", r."tax_name", r."tax_percentage", r."description", r."is_active",
  (SELECT count(*) FROM immigration_stage s WHERE s.application_type_id = r.id) AS "stages_count", EXISTS (
    SELECT
    FROM immigration_collegeapplication a
    WHERE a.application_type_id = r.id
      AND a.deleted_at IS NULL
  ) AS "has_applications", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/application-types/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_applicationtype" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR UPDATE;

-- next round trip

SELECT CASE WHEN EXISTS (
  SELECT
  FROM "immigration_collegeapplication" u
  WHERE u."application_type_id" = $1::bigint
    AND u.deleted_at IS NULL
) THEN $2::integer END AS use;

-- next round trip

UPDATE "immigration_applicationtype"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;
