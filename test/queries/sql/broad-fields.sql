-- GET /api/v1/broad-fields/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_broad_field" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM "immigration_broad_field" r
WHERE r.deleted_at IS NULL
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/broad-fields/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM "immigration_broad_field" WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_broad_field" ("name", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3)
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM changed r;

COMMIT;

-- GET /api/v1/broad-fields/:id/: 200

BEGIN;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM "immigration_broad_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/broad-fields/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_broad_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM "immigration_broad_field" WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_broad_field"
  SET "name" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM changed r;

COMMIT;

-- PATCH /api/v1/broad-fields/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_broad_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM "immigration_broad_field" WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_broad_field"
  SET "name" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."name"
FROM changed r;

COMMIT;

-- DELETE /api/v1/broad-fields/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_broad_field" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_broad_field"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;

-- GET /api/v1/broad-fields/:id/narrow-fields/: 200

BEGIN;

SELECT
FROM immigration_broad_field
WHERE id = $1
  AND deleted_at IS NULL;

SELECT r."id", r."name"
FROM immigration_narrow_field r
WHERE r.broad_field_id = $1
  AND r.deleted_at IS NULL
ORDER BY r.name, r.id DESC;

COMMIT;
