-- GET /api/v1/language-exams/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_lpe" r
WHERE true;

SELECT r."id", r."name", r."validity_term", r."description", r."created_at", r."updated_at"
FROM "immigration_lpe" r
WHERE true
ORDER BY r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/language-exams/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_lpe WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (INSERT INTO "immigration_lpe" ("name") VALUES ($1) RETURNING *)
SELECT r."id", r."name", r."validity_term", r."description", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/language-exams/:id/: 200

BEGIN;

SELECT r."id", r."name", r."validity_term", r."description", r."created_at", r."updated_at"
FROM "immigration_lpe" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PUT /api/v1/language-exams/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_lpe" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_lpe WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_lpe"
  SET "name" = $1, "updated_at" = now()
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."name", r."validity_term", r."description", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/language-exams/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_lpe" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_lpe WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_lpe"
  SET "name" = $1, "updated_at" = now()
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."name", r."validity_term", r."description", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/language-exams/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_lpe" r
WHERE r.id = $1::bigint
  AND true
FOR UPDATE;

-- next round trip

SELECT CASE WHEN EXISTS ( SELECT FROM "immigration_proficiency" u WHERE u."test_name_id" = $1::bigint) THEN $2::integer END AS use;

-- next round trip

DELETE FROM "immigration_lpe"
WHERE id = $1::bigint;

COMMIT;
