-- GET /api/v1/institute-locations/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_institute_location" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."street_name", r."suburb", r."state", r."postcode", r."country", r."phone_number", r."email", r."institute_id" AS "institute"
FROM "immigration_institute_location" r
WHERE r.deleted_at IS NULL
ORDER BY r.country, r.state, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/institute-locations/: 201

BEGIN;

SELECT id
FROM "immigration_institute"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_institute_location" ("state", "country", "institute_id", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4, $5)
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."street_name", r."suburb", r."state", r."postcode", r."country", r."phone_number", r."email", r."institute_id" AS "institute"
FROM changed r;

COMMIT;

-- GET /api/v1/institute-locations/:id/: 200

BEGIN;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."street_name", r."suburb", r."state", r."postcode", r."country", r."phone_number", r."email", r."institute_id" AS "institute"
FROM "immigration_institute_location" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/institute-locations/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_institute_location" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT id
FROM "immigration_institute"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_institute_location"
  SET "state" = $1, "country" = $2, "institute_id" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."street_name", r."suburb", r."state", r."postcode", r."country", r."phone_number", r."email", r."institute_id" AS "institute"
FROM changed r;

COMMIT;

-- PATCH /api/v1/institute-locations/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_institute_location" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT id
FROM "immigration_institute"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_institute_location"
  SET "state" = $1, "country" = $2, "institute_id" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."street_name", r."suburb", r."state", r."postcode", r."country", r."phone_number", r."email", r."institute_id" AS "institute"
FROM changed r;

COMMIT;

-- DELETE /api/v1/institute-locations/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_institute_location" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_institute_location"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;
