-- GET /api/v1/regions/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_region" r
WHERE true;

SELECT r."id", r."name", r."description", (
  SELECT count(*)
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
) AS "branch_count", r."created_at", r."updated_at"
FROM "immigration_region" r
WHERE true
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/regions/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_region" r
WHERE EXISTS (
  SELECT
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
    AND b.id = ANY ($1::bigint[])
);

SELECT r."id", r."name", r."description", (
  SELECT count(*)
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
) AS "branch_count", r."created_at", r."updated_at"
FROM "immigration_region" r
WHERE EXISTS (
  SELECT
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
    AND b.id = ANY ($1::bigint[])
)
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/regions/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_region WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (INSERT INTO "immigration_region" ("name") VALUES ($1) RETURNING *)
SELECT r."id", r."name", r."description", (
  SELECT count(*)
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
) AS "branch_count", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/regions/:id/: 200

BEGIN;

SELECT r."id", r."name", r."description", (
  SELECT count(*)
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
) AS "branch_count", r."created_at", r."updated_at"
FROM "immigration_region" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PUT /api/v1/regions/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_region" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM immigration_region r
WHERE r.id = $1
  AND true;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_region WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_region"
  SET "name" = $1, "updated_at" = now()
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."name", r."description", (
  SELECT count(*)
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
) AS "branch_count", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/regions/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_region" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM immigration_region r
WHERE r.id = $1
  AND true;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_region WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_region"
  SET "name" = $1, "updated_at" = now()
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."name", r."description", (
  SELECT count(*)
  FROM immigration_branch b
  WHERE b.region_id = r.id
    AND b.deleted_at IS NULL
) AS "branch_count", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/regions/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_region" r
WHERE r.id = $1::bigint
  AND true
FOR UPDATE;

-- next round trip

SELECT
FROM immigration_region r
WHERE r.id = $1
  AND true;

-- next round trip

SELECT CASE WHEN EXISTS (
  SELECT
  FROM "immigration_branch" u
  WHERE u."region_id" = $1::bigint
    AND u.deleted_at IS NULL
) THEN $2::integer END AS use;

-- next round trip

DELETE FROM "immigration_region"
WHERE id = $1::bigint;

COMMIT;
