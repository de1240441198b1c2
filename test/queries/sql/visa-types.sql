-- GET /api/v1/visa-types/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_visatype" r
WHERE true;

SELECT r."id", (
  SELECT json_build_object('id', c.id, 'name', c.name, 'code', c.code, 'description', c.description)
  FROM immigration_visacategory c
  WHERE c.id = r.visa_category_id
) AS "visa_category", (
  SELECT n.name
  FROM "immigration_visacategory" n
  WHERE n.id = r."visa_category_id"
) AS "visa_category_name", r."name", r."code", r."description", r."checklist"
FROM "immigration_visatype" r
  JOIN immigration_visacategory k ON k.id = r.visa_category_id
WHERE true
ORDER BY k.name, r.name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/visa-types/: 201

BEGIN;

SELECT id
FROM immigration_visacategory
WHERE id = $1
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_visatype" ("visa_category_id", "name")
  VALUES ($1, $2)
  RETURNING *
)
SELECT r."id", (
  SELECT json_build_object('id', c.id, 'name', c.name, 'code', c.code, 'description', c.description)
  FROM immigration_visacategory c
  WHERE c.id = r.visa_category_id
) AS "visa_category", (
  SELECT n.name
  FROM "immigration_visacategory" n
  WHERE n.id = r."visa_category_id"
) AS "visa_category_name", r."name", r."code", r."description", r."checklist"
FROM changed r;

COMMIT;

-- GET /api/v1/visa-types/:id/: 200

BEGIN;

SELECT r."id", (
  SELECT json_build_object('id', c.id, 'name', c.name, 'code', c.code, 'description', c.description)
  FROM immigration_visacategory c
  WHERE c.id = r.visa_category_id
) AS "visa_category", (
  SELECT n.name
  FROM "immigration_visacategory" n
  WHERE n.id = r."visa_category_id"
) AS "visa_category_name", r."name", r."code", r."description", r."checklist"
FROM "immigration_visatype" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PATCH /api/v1/visa-types/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_visatype" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT id
FROM immigration_visacategory
WHERE id = $1
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_visatype"
  SET "visa_category_id" = $1, "name" = $2
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", (
  SELECT json_build_object('id', c.id, 'name', c.name, 'code', c.code, 'description', c.description)
  FROM immigration_visacategory c
  WHERE c.id = r.visa_category_id
) AS "visa_category", (
  SELECT n.name
  FROM "immigration_visacategory" n
  WHERE n.id = r."visa_category_id"
) AS "visa_category_name", r."name", r."code", r."description", r."checklist"
FROM changed r;

COMMIT;

-- DELETE /api/v1/visa-types/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_visatype" r
WHERE r.id = $1::bigint
  AND true
FOR UPDATE;

-- next round trip

SELECT CASE WHEN EXISTS (
  SELECT
  FROM "immigration_visaapplication" u
  WHERE u."visa_type_id" = $1::bigint
) THEN $2::integer END AS use;

-- next round trip

DELETE FROM "immigration_visatype"
WHERE id = $1::bigint;

COMMIT;
