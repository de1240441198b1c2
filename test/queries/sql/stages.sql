-- GET /api/v1/stages/: 200

BEGIN;

SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_name", r."position", r."description", NOT EXISTS (
  SELECT
  FROM immigration_stage l
  WHERE l.application_type_id = r.application_type_id
    AND l.position > r.position
) AS "is_final_stage", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at"
FROM "immigration_stage" r
  JOIN immigration_applicationtype k ON k.id = r.application_type_id
WHERE true
  AND k.deleted_at IS NULL
ORDER BY k.title, k.id, r.position;

COMMIT;

-- POST /api/v1/stages/: 201

BEGIN;

SELECT id
FROM immigration_applicationtype
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

SELECT id
FROM immigration_stage
WHERE application_type_id = $1
ORDER BY position;

-- next round trip

INSERT INTO immigration_stage (application_type_id, stage_name, description, position, created_by_id,
  updated_by_id)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id;

-- next round trip

UPDATE immigration_stage s
SET position = s.position + $1::integer
FROM unnest($2::bigint[])
WITH ORDINALITY AS wanted (id, position)
WHERE s.id = wanted.id
  AND s.position <> wanted.position;

UPDATE immigration_stage s
SET position = wanted.position, updated_at = now(), updated_by_id = $1
FROM unnest($2::bigint[])
WITH ORDINALITY AS wanted (id, position)
WHERE s.id = wanted.id
  AND s.position > $3::integer;

SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_name", r."position", r."description", NOT EXISTS (
  SELECT
  FROM immigration_stage l
  WHERE l.application_type_id = r.application_type_id
    AND l.position > r.position
) AS "is_final_stage", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at"
FROM "immigration_stage" r
WHERE r.id = $1::bigint
  AND EXISTS (
    SELECT
    FROM immigration_applicationtype t
    WHERE t.id = r.application_type_id
      AND t.deleted_at IS NULL
  );

COMMIT;

-- POST /api/v1/stages/reorder/: 400

BEGIN;

SELECT id
FROM immigration_applicationtype
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

SELECT id
FROM immigration_stage
WHERE application_type_id = $1
ORDER BY position;

-- next round trip

ROLLBACK;

-- GET /api/v1/stages/:id/: 200

BEGIN;

SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_name", r."position", r."description", NOT EXISTS (
  SELECT
  FROM immigration_stage l
  WHERE l.application_type_id = r.application_type_id
    AND l.position > r.position
) AS "is_final_stage", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at"
FROM "immigration_stage" r
WHERE r.id = $1::bigint
  AND EXISTS (
    SELECT
    FROM immigration_applicationtype t
    WHERE t.id = r.application_type_id
      AND t.deleted_at IS NULL
  );

COMMIT;

-- PATCH /api/v1/stages/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_stage" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT
FROM immigration_stage r
WHERE r.id = $1
  AND EXISTS (
    SELECT
    FROM immigration_applicationtype t
    WHERE t.id = r.application_type_id
      AND t.deleted_at IS NULL
  );

-- next round trip

WITH changed AS (
  UPDATE "immigration_stage"
  SET "stage_name" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_name", r."position", r."description", NOT EXISTS (
  SELECT
  FROM immigration_stage l
  WHERE l.application_type_id = r.application_type_id
    AND l.position > r.position
) AS "is_final_stage", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/stages/:id/: 204

BEGIN;

SELECT application_type_id AS type
FROM immigration_stage
WHERE id = $1;

-- next round trip

SELECT id
FROM immigration_applicationtype
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

SELECT id
FROM immigration_stage
WHERE application_type_id = $1
ORDER BY position;

-- next round trip

SELECT r.*
FROM "immigration_stage" r
WHERE r.id = $1::bigint
  AND true
FOR UPDATE;

-- next round trip

SELECT CASE WHEN EXISTS ( SELECT FROM "immigration_collegeapplication" u WHERE u."stage_id" = $1::bigint) THEN $2::integer END AS use;

-- next round trip

DELETE FROM immigration_stage
WHERE id = $1;

UPDATE immigration_stage s
SET position = s.position + $1::integer
FROM unnest($2::bigint[])
WITH ORDINALITY AS wanted (id, position)
WHERE s.id = wanted.id
  AND s.position <> wanted.position;

UPDATE immigration_stage s
SET position = wanted.position, updated_at = now(), updated_by_id = $1
FROM unnest($2::bigint[])
WITH ORDINALITY AS wanted (id, position)
WHERE s.id = wanted.id
  AND s.position > $3::integer;

COMMIT;
