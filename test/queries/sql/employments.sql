-- GET /api/v1/employments/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_employment" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
);

SELECT r."id", r."client_id", r."employer_name", r."position", r."start_date", r."end_date", r."country",
  r."created_at", r."updated_at"
FROM "immigration_employment" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
)
ORDER BY "r"."end_date" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/employments/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_employment" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
);

SELECT r."id", r."client_id", r."employer_name", r."position", r."start_date", r."end_date", r."country",
  r."created_at", r."updated_at"
FROM "immigration_employment" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
)
ORDER BY "r"."end_date" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/employments/: 201

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_employment" ("client_id", "employer_name", "position", "start_date", "end_date",
    "country", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  RETURNING *
)
SELECT r."id", r."client_id", r."employer_name", r."position", r."start_date", r."end_date", r."country",
  r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/employments/:id/: 200

BEGIN;

SELECT r."id", r."client_id", r."employer_name", r."position", r."start_date", r."end_date", r."country",
  r."created_at", r."updated_at"
FROM "immigration_employment" r
WHERE r.id = $1::bigint
  AND true;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_employment" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/employments/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_employment" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_employment" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_employment"
  SET "client_id" = $1, "employer_name" = $2, "position" = $3, "start_date" = $4, "end_date" = $5, "country" = $6,
    "updated_by_id" = $7, "updated_at" = now()
  WHERE id = $8::bigint
  RETURNING *
)
SELECT r."id", r."client_id", r."employer_name", r."position", r."start_date", r."end_date", r."country",
  r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/employments/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_employment" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_employment" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_employment"
  SET "client_id" = $1, "employer_name" = $2, "position" = $3, "start_date" = $4, "end_date" = $5, "country" = $6,
    "updated_by_id" = $7, "updated_at" = now()
  WHERE id = $8::bigint
  RETURNING *
)
SELECT r."id", r."client_id", r."employer_name", r."position", r."start_date", r."end_date", r."country",
  r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/employments/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_employment" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_employment" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

DELETE FROM "immigration_employment"
WHERE id = $1::bigint;

COMMIT;
