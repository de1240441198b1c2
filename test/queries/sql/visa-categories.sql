-- GET /api/v1/visa-categories/: 200

BEGIN;

SELECT r."id", r."name", r."code", r."description"
FROM "immigration_visacategory" r
ORDER BY r.name, r.id DESC;

COMMIT;

-- POST /api/v1/visa-categories/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_visacategory WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (INSERT INTO "immigration_visacategory" ("name") VALUES ($1) RETURNING *)
SELECT r."id", r."name", r."code", r."description"
FROM changed r;

COMMIT;

-- GET /api/v1/visa-categories/:id/: 200

BEGIN;

SELECT r."id", r."name", r."code", r."description"
FROM "immigration_visacategory" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PUT /api/v1/visa-categories/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_visacategory" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_visacategory WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_visacategory"
  SET "name" = $1
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."name", r."code", r."description"
FROM changed r;

COMMIT;

-- PATCH /api/v1/visa-categories/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_visacategory" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (SELECT FROM immigration_visacategory WHERE normalize("name", NFC) = $1::text) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_visacategory"
  SET "name" = $1
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."name", r."code", r."description"
FROM changed r;

COMMIT;

-- DELETE /api/v1/visa-categories/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_visacategory" r
WHERE r.id = $1::bigint
  AND true
FOR UPDATE;

-- next round trip

SELECT CASE WHEN EXISTS ( SELECT FROM "immigration_visatype" u WHERE u."visa_category_id" = $1::bigint) THEN $2::integer
    WHEN EXISTS ( SELECT FROM "immigration_client" u WHERE u."visa_category_id" = $3::bigint) THEN $4::integer END AS use;

-- next round trip

DELETE FROM "immigration_visacategory"
WHERE id = $1::bigint;

COMMIT;
