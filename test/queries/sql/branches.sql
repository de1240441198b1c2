-- GET /api/v1/branches/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_branch" r
WHERE r.deleted_at IS NULL
  AND true;

SELECT r."id", r."name", r."region_id" AS "region", (SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name",
  r."phone", r."website", r."street", r."suburb", r."state", r."postcode", r."country", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM "immigration_branch" r
WHERE r.deleted_at IS NULL
  AND true
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/branches/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_branch" r
WHERE r.deleted_at IS NULL
  AND EXISTS (SELECT FROM immigration_user_branches WHERE user_id = $1 AND branch_id = r.id);

SELECT r."id", r."name", r."region_id" AS "region", (SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name",
  r."phone", r."website", r."street", r."suburb", r."state", r."postcode", r."country", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM "immigration_branch" r
WHERE r.deleted_at IS NULL
  AND EXISTS (SELECT FROM immigration_user_branches WHERE user_id = $1 AND branch_id = r.id)
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/branches/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_branch WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_branch" ("name", "region_id", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4)
  RETURNING *
)
SELECT r."id", r."name", r."region_id" AS "region", (SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name",
  r."phone", r."website", r."street", r."suburb", r."state", r."postcode", r."country", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/branches/options/: 200

BEGIN;

SELECT r."id", r."name"
FROM "immigration_branch" r
WHERE r.deleted_at IS NULL
  AND true
ORDER BY r.name, r.id DESC;

COMMIT;

-- GET /api/v1/branches/options/, for one branch

BEGIN;

SELECT r."id", r."name"
FROM "immigration_branch" r
WHERE r.deleted_at IS NULL
  AND EXISTS (SELECT FROM immigration_user_branches WHERE user_id = $1 AND branch_id = r.id)
ORDER BY r.name, r.id DESC;

COMMIT;

-- GET /api/v1/branches/:id/: 200

BEGIN;

SELECT r."id", r."name", r."region_id" AS "region", (SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name",
  r."phone", r."website", r."street", r."suburb", r."state", r."postcode", r."country", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM "immigration_branch" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
  AND true;

COMMIT;

-- PUT /api/v1/branches/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_branch" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM immigration_branch r
WHERE r.id = $1
  AND true;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_branch WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_branch"
  SET "name" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."name", r."region_id" AS "region", (SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name",
  r."phone", r."website", r."street", r."suburb", r."state", r."postcode", r."country", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/branches/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_branch" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM immigration_branch r
WHERE r.id = $1
  AND true;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_branch WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_branch"
  SET "name" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."name", r."region_id" AS "region", (SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name",
  r."phone", r."website", r."street", r."suburb", r."state", r."postcode", r."country", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/branches/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_branch" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM immigration_branch r
WHERE r.id = $1
  AND true;

-- next round trip

UPDATE "immigration_branch"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;

-- POST /api/v1/branches/:id/restore/: 200

BEGIN;

SELECT r.*
FROM "immigration_branch" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NOT NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM immigration_branch r
WHERE r.id = $1
  AND true;

-- next round trip

WITH changed AS (
  UPDATE "immigration_branch"
  SET "deleted_at" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."name", r."region_id" AS "region", (SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name",
  r."phone", r."website", r."street", r."suburb", r."state", r."postcode", r."country", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;
