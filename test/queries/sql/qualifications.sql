-- GET /api/v1/qualifications/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_qualification" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
);

SELECT r."id", r."client_id", r."course", r."institute", r."degree", r."field_of_study", r."enroll_date",
  r."completion_date", r."country", r."created_at", r."updated_at"
FROM "immigration_qualification" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
)
ORDER BY "r"."completion_date" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/qualifications/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_qualification" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
);

SELECT r."id", r."client_id", r."course", r."institute", r."degree", r."field_of_study", r."enroll_date",
  r."completion_date", r."country", r."created_at", r."updated_at"
FROM "immigration_qualification" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
)
ORDER BY "r"."completion_date" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/qualifications/: 201

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_qualification" ("client_id", "course", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4)
  RETURNING *
)
SELECT r."id", r."client_id", r."course", r."institute", r."degree", r."field_of_study", r."enroll_date",
  r."completion_date", r."country", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/qualifications/:id/: 200

BEGIN;

SELECT r."id", r."client_id", r."course", r."institute", r."degree", r."field_of_study", r."enroll_date",
  r."completion_date", r."country", r."created_at", r."updated_at"
FROM "immigration_qualification" r
WHERE r.id = $1::bigint
  AND true;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_qualification" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/qualifications/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_qualification" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_qualification" r WHERE r.id = $1::bigint)
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
  UPDATE "immigration_qualification"
  SET "client_id" = $1, "course" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."client_id", r."course", r."institute", r."degree", r."field_of_study", r."enroll_date",
  r."completion_date", r."country", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/qualifications/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_qualification" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_qualification" r WHERE r.id = $1::bigint)
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
  UPDATE "immigration_qualification"
  SET "client_id" = $1, "course" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."client_id", r."course", r."institute", r."degree", r."field_of_study", r."enroll_date",
  r."completion_date", r."country", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/qualifications/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_qualification" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_qualification" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

DELETE FROM "immigration_qualification"
WHERE id = $1::bigint;

COMMIT;
