-- GET /api/v1/language-proficiencies/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_proficiency" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
);

SELECT r."id", r."client_id", r."test_name_id", (SELECT n."name" FROM "immigration_lpe" n WHERE n.id = r."test_name_id") AS "test_name_display",
  r."overall_score", r."speaking_score", r."reading_score", r."listening_score", r."writing_score", r."test_date",
  r."created_at", r."updated_at"
FROM "immigration_proficiency" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
)
ORDER BY "r"."test_date" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/language-proficiencies/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_proficiency" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
);

SELECT r."id", r."client_id", r."test_name_id", (SELECT n."name" FROM "immigration_lpe" n WHERE n.id = r."test_name_id") AS "test_name_display",
  r."overall_score", r."speaking_score", r."reading_score", r."listening_score", r."writing_score", r."test_date",
  r."created_at", r."updated_at"
FROM "immigration_proficiency" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
)
ORDER BY "r"."test_date" DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/language-proficiencies/: 201

BEGIN;

SELECT id
FROM immigration_lpe
WHERE id = $1::bigint
FOR SHARE;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_proficiency" ("client_id", "test_name_id", "overall_score", "test_date", "created_by_id",
    "updated_by_id")
  VALUES ($1, $2, $3, $4, $5, $6)
  RETURNING *
)
SELECT r."id", r."client_id", r."test_name_id", (SELECT n."name" FROM "immigration_lpe" n WHERE n.id = r."test_name_id") AS "test_name_display",
  r."overall_score", r."speaking_score", r."reading_score", r."listening_score", r."writing_score", r."test_date",
  r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/language-proficiencies/:id/: 200

BEGIN;

SELECT r."id", r."client_id", r."test_name_id", (SELECT n."name" FROM "immigration_lpe" n WHERE n.id = r."test_name_id") AS "test_name_display",
  r."overall_score", r."speaking_score", r."reading_score", r."listening_score", r."writing_score", r."test_date",
  r."created_at", r."updated_at"
FROM "immigration_proficiency" r
WHERE r.id = $1::bigint
  AND true;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_proficiency" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/language-proficiencies/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_proficiency" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_proficiency" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

SELECT id
FROM immigration_lpe
WHERE id = $1::bigint
FOR SHARE;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

DELETE FROM immigration_reminder r
USING expiry_reminder e, (
  SELECT $1::bigint AS id, $2::bigint AS client_id, l.name AS what, CASE WHEN l.validity_term > 0
    AND $3::date IS NOT NULL THEN least(($4::date + make_interval(years => l.validity_term))::date, date '9999-12-31') END AS expiry
  FROM immigration_lpe l
  WHERE l.id = $5::bigint
) x
WHERE r.id = e.reminder_id
  AND e.model = $6
  AND e.record_id = x.id
  AND NOT r.is_completed
  AND (x.expiry IS NULL OR (x.expiry <> e.expires_on AND x.expiry < $7::date) OR false);

WITH moved AS (
  UPDATE expiry_reminder e
  SET expires_on = x.expiry
  FROM (
    SELECT $1::bigint AS id, $2::bigint AS client_id, l.name AS what, CASE WHEN l.validity_term > 0
      AND $3::date IS NOT NULL THEN least(($4::date + make_interval(years => l.validity_term))::date, date '9999-12-31') END AS expiry
    FROM immigration_lpe l
    WHERE l.id = $5::bigint
  ) x, immigration_reminder r
  WHERE e.model = $6
    AND e.record_id = x.id
    AND r.id = e.reminder_id
    AND NOT r.is_completed
    AND (e.expires_on <> x.expiry OR $7::boolean)
  RETURNING e.reminder_id, e.days_before, x.*
)
UPDATE immigration_reminder r
SET reminder_date = x.expiry - x.days_before, title = left(format('%s of %s expires on %s', x.what, trim("c"."first_name" || ' ' || "c"."last_name"),
  x.expiry), 255), meta_info = jsonb_build_object('client_id', x.client_id, 'expires_on', x.expiry, 'days_before',
  "x"."days_before"), created_by_id = coalesce(c.assigned_to_id, $8::bigint), read = false, notification_created = r.notification_created
  AND x.expiry - x.days_before < $9::date
FROM moved x
  JOIN immigration_client c ON c.id = x.client_id
WHERE r.id = x.reminder_id;

WITH changed AS (
  UPDATE "immigration_proficiency"
  SET "client_id" = $1, "test_name_id" = $2, "overall_score" = $3, "test_date" = $4, "updated_by_id" = $5,
    "updated_at" = now()
  WHERE id = $6::bigint
  RETURNING *
)
SELECT r."id", r."client_id", r."test_name_id", (SELECT n."name" FROM "immigration_lpe" n WHERE n.id = r."test_name_id") AS "test_name_display",
  r."overall_score", r."speaking_score", r."reading_score", r."listening_score", r."writing_score", r."test_date",
  r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/language-proficiencies/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_proficiency" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_proficiency" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

SELECT id
FROM immigration_lpe
WHERE id = $1::bigint
FOR SHARE;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

DELETE FROM immigration_reminder r
USING expiry_reminder e, (
  SELECT $1::bigint AS id, $2::bigint AS client_id, l.name AS what, CASE WHEN l.validity_term > 0
    AND $3::date IS NOT NULL THEN least(($4::date + make_interval(years => l.validity_term))::date, date '9999-12-31') END AS expiry
  FROM immigration_lpe l
  WHERE l.id = $5::bigint
) x
WHERE r.id = e.reminder_id
  AND e.model = $6
  AND e.record_id = x.id
  AND NOT r.is_completed
  AND (x.expiry IS NULL OR (x.expiry <> e.expires_on AND x.expiry < $7::date) OR false);

WITH moved AS (
  UPDATE expiry_reminder e
  SET expires_on = x.expiry
  FROM (
    SELECT $1::bigint AS id, $2::bigint AS client_id, l.name AS what, CASE WHEN l.validity_term > 0
      AND $3::date IS NOT NULL THEN least(($4::date + make_interval(years => l.validity_term))::date, date '9999-12-31') END AS expiry
    FROM immigration_lpe l
    WHERE l.id = $5::bigint
  ) x, immigration_reminder r
  WHERE e.model = $6
    AND e.record_id = x.id
    AND r.id = e.reminder_id
    AND NOT r.is_completed
    AND (e.expires_on <> x.expiry OR $7::boolean)
  RETURNING e.reminder_id, e.days_before, x.*
)
UPDATE immigration_reminder r
SET reminder_date = x.expiry - x.days_before, title = left(format('%s of %s expires on %s', x.what, trim("c"."first_name" || ' ' || "c"."last_name"),
  x.expiry), 255), meta_info = jsonb_build_object('client_id', x.client_id, 'expires_on', x.expiry, 'days_before',
  "x"."days_before"), created_by_id = coalesce(c.assigned_to_id, $8::bigint), read = false, notification_created = r.notification_created
  AND x.expiry - x.days_before < $9::date
FROM moved x
  JOIN immigration_client c ON c.id = x.client_id
WHERE r.id = x.reminder_id;

WITH changed AS (
  UPDATE "immigration_proficiency"
  SET "client_id" = $1, "test_name_id" = $2, "overall_score" = $3, "test_date" = $4, "updated_by_id" = $5,
    "updated_at" = now()
  WHERE id = $6::bigint
  RETURNING *
)
SELECT r."id", r."client_id", r."test_name_id", (SELECT n."name" FROM "immigration_lpe" n WHERE n.id = r."test_name_id") AS "test_name_display",
  r."overall_score", r."speaking_score", r."reading_score", r."listening_score", r."writing_score", r."test_date",
  r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/language-proficiencies/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_proficiency" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

SELECT c.id, c.branch_id AS branch
FROM immigration_client c
WHERE c.id = (SELECT r.client_id FROM "immigration_proficiency" r WHERE r.id = $1::bigint)
  AND c.deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

DELETE FROM "immigration_proficiency"
WHERE id = $1::bigint;

WITH forgotten AS (
  DELETE FROM expiry_reminder
  WHERE model = $1
    AND record_id = $2
  RETURNING reminder_id
)
DELETE FROM immigration_reminder r
USING forgotten f
WHERE r.id = f.reminder_id
  AND NOT r.is_completed;

COMMIT;
