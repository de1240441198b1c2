-- GET /api/v1/institute-intakes/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_institute_intake" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."intake_date", r."description", r."institute_id" AS "institute"
FROM "immigration_institute_intake" r
WHERE r.deleted_at IS NULL
ORDER BY r.intake_date DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/institute-intakes/: 201

BEGIN;

SELECT id
FROM "immigration_institute"
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_institute_intake" ("intake_date", "institute_id", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4)
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."intake_date", r."description", r."institute_id" AS "institute"
FROM changed r;

COMMIT;

-- GET /api/v1/institute-intakes/:id/: 200

BEGIN;

SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."intake_date", r."description", r."institute_id" AS "institute"
FROM "immigration_institute_intake" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/institute-intakes/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_institute_intake" r
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
  UPDATE "immigration_institute_intake"
  SET "intake_date" = $1, "institute_id" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."intake_date", r."description", r."institute_id" AS "institute"
FROM changed r;

COMMIT;

-- PATCH /api/v1/institute-intakes/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_institute_intake" r
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
  UPDATE "immigration_institute_intake"
  SET "intake_date" = $1, "institute_id" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."deleted_at", r."created_at", r."updated_at", r."created_by_id" AS "created_by", r."updated_by_id" AS "updated_by",
  r."intake_date", r."description", r."institute_id" AS "institute"
FROM changed r;

COMMIT;

-- DELETE /api/v1/institute-intakes/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_institute_intake" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_institute_intake"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;
