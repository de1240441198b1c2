-- GET /api/v1/institutes/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_institute" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."name", r."short_name", r."phone", r."website", r."created_by_id" AS "created_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."created_by_id"
) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."updated_by_id"
) AS "updated_by_name", r."updated_at", r."deleted_at"
FROM "immigration_institute" r
WHERE r.deleted_at IS NULL
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/institutes/: 201

BEGIN;

WITH changed AS (
  INSERT INTO "immigration_institute" ("name", "short_name", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4)
  RETURNING *
)
SELECT r."id", r."name", r."short_name", r."phone", r."website", r."created_by_id" AS "created_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."created_by_id"
) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."updated_by_id"
) AS "updated_by_name", r."updated_at", r."deleted_at"
FROM changed r;

COMMIT;

-- GET /api/v1/institutes/:id/: 200

BEGIN;

SELECT r."id", r."name", r."short_name", r."phone", r."website", r."created_by_id" AS "created_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."created_by_id"
) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."updated_by_id"
) AS "updated_by_name", r."updated_at", r."deleted_at"
FROM "immigration_institute" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/institutes/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_institute" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_institute"
  SET "name" = $1, "short_name" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."name", r."short_name", r."phone", r."website", r."created_by_id" AS "created_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."created_by_id"
) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."updated_by_id"
) AS "updated_by_name", r."updated_at", r."deleted_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/institutes/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_institute" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_institute"
  SET "name" = $1, "short_name" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."name", r."short_name", r."phone", r."website", r."created_by_id" AS "created_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."created_by_id"
) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."updated_by_id"
) AS "updated_by_name", r."updated_at", r."deleted_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/institutes/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_institute" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_institute"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;

-- POST /api/v1/institutes/:id/restore/: 200

BEGIN;

SELECT r.*
FROM "immigration_institute" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NOT NULL
FOR NO KEY UPDATE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_institute"
  SET "deleted_at" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."name", r."short_name", r."phone", r."website", r."created_by_id" AS "created_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."created_by_id"
) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."updated_by_id"
) AS "updated_by_name", r."updated_at", r."deleted_at"
FROM changed r;

COMMIT;
