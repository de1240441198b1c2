-- GET /api/v1/notes/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_note" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
);

SELECT r."id", r."client_id" AS "client", r."author_id" AS "author", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."author_id"
) AS "author_name", r."content", r."created_at", r."updated_at"
FROM "immigration_note" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
)
ORDER BY "r"."created_at" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/notes/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_note" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
);

SELECT r."id", r."client_id" AS "client", r."author_id" AS "author", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."author_id"
) AS "author_name", r."content", r."created_at", r."updated_at"
FROM "immigration_note" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
)
ORDER BY "r"."created_at" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/notes/: 201

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_note" ("client_id", "content", "author_id")
  VALUES ($1, $2, $3)
  RETURNING *
)
SELECT r."id", r."client_id" AS "client", r."author_id" AS "author", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."author_id"
) AS "author_name", r."content", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/notes/:id/: 200

BEGIN;

SELECT r."id", r."client_id" AS "client", r."author_id" AS "author", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."author_id"
) AS "author_name", r."content", r."created_at", r."updated_at"
FROM "immigration_note" r
WHERE r.id = $1::bigint
  AND true;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_note" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/notes/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_note" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_note" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_note"
  SET "content" = $1, "updated_at" = now()
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."client_id" AS "client", r."author_id" AS "author", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."author_id"
) AS "author_name", r."content", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/notes/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_note" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_note" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_note"
  SET "content" = $1, "updated_at" = now()
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."client_id" AS "client", r."author_id" AS "author", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."author_id"
) AS "author_name", r."content", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/notes/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_note" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_note" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

DELETE FROM immigration_note
WHERE id = $1::bigint;

COMMIT;
