-- GET /api/v1/passports/: 200

BEGIN;

WITH shown AS MATERIALIZED (
  SELECT r."id" AS "client_id", r."passport_no", r."passport_country", r."date_of_issue", r."date_of_expiry",
    r."place_of_issue", r."country_of_birth", r."nationality", r."created_at", r."updated_at"
  FROM "immigration_passport" r
  WHERE EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."id"
      AND c.deleted_at IS NULL
      AND true
  )
)
SELECT shown.*
FROM shown
WHERE (
  SELECT audit_read($1::text, ARRAY(SELECT client_id FROM shown ORDER BY client_id))
)
ORDER BY created_at DESC, client_id DESC;

COMMIT;

-- GET /api/v1/passports/, for one branch

BEGIN;

WITH shown AS MATERIALIZED (
  SELECT r."id" AS "client_id", r."passport_no", r."passport_country", r."date_of_issue", r."date_of_expiry",
    r."place_of_issue", r."country_of_birth", r."nationality", r."created_at", r."updated_at"
  FROM "immigration_passport" r
  WHERE EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."id"
      AND c.deleted_at IS NULL
      AND "c"."branch_id" = ANY ($1::bigint[])
  )
)
SELECT shown.*
FROM shown
WHERE (
  SELECT audit_read($2::text, ARRAY(SELECT client_id FROM shown ORDER BY client_id))
)
ORDER BY created_at DESC, client_id DESC;

COMMIT;

-- POST /api/v1/passports/: 200

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM immigration_reminder r
USING expiry_reminder e, (
  SELECT $1::bigint AS id, $2::bigint AS client_id, 'Passport' AS what, $3::date AS expiry
) x
WHERE r.id = e.reminder_id
  AND e.model = $4
  AND e.record_id = x.id
  AND NOT r.is_completed
  AND (x.expiry IS NULL OR (x.expiry <> e.expires_on AND x.expiry < $5::date) OR false);

WITH moved AS (
  UPDATE expiry_reminder e
  SET expires_on = x.expiry
  FROM (
    SELECT $1::bigint AS id, $2::bigint AS client_id, 'Passport' AS what, $3::date AS expiry
  ) x, immigration_reminder r
  WHERE e.model = $4
    AND e.record_id = x.id
    AND r.id = e.reminder_id
    AND NOT r.is_completed
    AND (e.expires_on <> x.expiry OR $5::boolean)
  RETURNING e.reminder_id, e.days_before, x.*
)
UPDATE immigration_reminder r
SET reminder_date = x.expiry - x.days_before, title = left(format('%s of %s expires on %s', x.what, trim("c"."first_name" || ' ' || "c"."last_name"),
  x.expiry), 255), meta_info = jsonb_build_object('client_id', x.client_id, 'expires_on', x.expiry, 'days_before',
  "x"."days_before"), created_by_id = coalesce(c.assigned_to_id, $6::bigint), read = false, notification_created = r.notification_created
  AND x.expiry - x.days_before < $7::date
FROM moved x
  JOIN immigration_client c ON c.id = x.client_id
WHERE r.id = x.reminder_id;

WITH changed AS (
  INSERT INTO "immigration_passport" ("date_of_issue", "date_of_expiry", "place_of_issue", "passport_no",
    "passport_country", "country_of_birth", "nationality", "updated_by_id", "id", "created_by_id")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (id) DO UPDATE SET "date_of_issue" = $11, "date_of_expiry" = $12, "place_of_issue" = $13,
    "passport_no" = $14, "passport_country" = $15, "country_of_birth" = $16, "nationality" = $17, "updated_by_id" = $18,
    updated_at = now()
  RETURNING *
)
SELECT r."id" AS "client_id", r."passport_no", r."passport_country", r."date_of_issue", r."date_of_expiry",
  r."place_of_issue", r."country_of_birth", r."nationality", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- POST /api/v1/passports/upsert/: 200

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM immigration_reminder r
USING expiry_reminder e, (
  SELECT $1::bigint AS id, $2::bigint AS client_id, 'Passport' AS what, $3::date AS expiry
) x
WHERE r.id = e.reminder_id
  AND e.model = $4
  AND e.record_id = x.id
  AND NOT r.is_completed
  AND (x.expiry IS NULL OR (x.expiry <> e.expires_on AND x.expiry < $5::date) OR false);

WITH moved AS (
  UPDATE expiry_reminder e
  SET expires_on = x.expiry
  FROM (
    SELECT $1::bigint AS id, $2::bigint AS client_id, 'Passport' AS what, $3::date AS expiry
  ) x, immigration_reminder r
  WHERE e.model = $4
    AND e.record_id = x.id
    AND r.id = e.reminder_id
    AND NOT r.is_completed
    AND (e.expires_on <> x.expiry OR $5::boolean)
  RETURNING e.reminder_id, e.days_before, x.*
)
UPDATE immigration_reminder r
SET reminder_date = x.expiry - x.days_before, title = left(format('%s of %s expires on %s', x.what, trim("c"."first_name" || ' ' || "c"."last_name"),
  x.expiry), 255), meta_info = jsonb_build_object('client_id', x.client_id, 'expires_on', x.expiry, 'days_before',
  "x"."days_before"), created_by_id = coalesce(c.assigned_to_id, $6::bigint), read = false, notification_created = r.notification_created
  AND x.expiry - x.days_before < $7::date
FROM moved x
  JOIN immigration_client c ON c.id = x.client_id
WHERE r.id = x.reminder_id;

WITH changed AS (
  INSERT INTO "immigration_passport" ("date_of_issue", "date_of_expiry", "place_of_issue", "passport_no",
    "passport_country", "country_of_birth", "nationality", "updated_by_id", "id", "created_by_id")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (id) DO UPDATE SET "date_of_issue" = $11, "date_of_expiry" = $12, "place_of_issue" = $13,
    "passport_no" = $14, "passport_country" = $15, "country_of_birth" = $16, "nationality" = $17, "updated_by_id" = $18,
    updated_at = now()
  RETURNING *
)
SELECT r."id" AS "client_id", r."passport_no", r."passport_country", r."date_of_issue", r."date_of_expiry",
  r."place_of_issue", r."country_of_birth", r."nationality", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/passports/:client_id/: 200

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL;

WITH shown AS MATERIALIZED (
  SELECT r."id" AS "client_id", r."passport_no", r."passport_country", r."date_of_issue", r."date_of_expiry",
    r."place_of_issue", r."country_of_birth", r."nationality", r."created_at", r."updated_at"
  FROM "immigration_passport" r
  WHERE r.id = $1::bigint
    AND EXISTS (
      SELECT
      FROM immigration_client c
      WHERE c.id = "r"."id"
        AND c.deleted_at IS NULL
        AND true
    )
)
SELECT shown.*
FROM shown
WHERE (
  SELECT audit_read($2::text, ARRAY(SELECT client_id FROM shown ORDER BY client_id))
)
ORDER BY created_at DESC, client_id DESC;

COMMIT;

-- PUT /api/v1/passports/:client_id/: 200

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

SELECT r.*
FROM "immigration_passport" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT (SELECT audit_read($1::text, ARRAY(SELECT $2::bigint)));

WITH changed AS (
  UPDATE "immigration_passport"
  SET "passport_no" = $1, "passport_country" = $2, "date_of_expiry" = $3, "country_of_birth" = $4, "nationality" = $5,
    "updated_by_id" = $6, "updated_at" = now()
  WHERE id = $7::bigint
  RETURNING *
)
SELECT r."id" AS "client_id", r."passport_no", r."passport_country", r."date_of_issue", r."date_of_expiry",
  r."place_of_issue", r."country_of_birth", r."nationality", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/passports/:client_id/: 200

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

SELECT r.*
FROM "immigration_passport" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT (SELECT audit_read($1::text, ARRAY(SELECT $2::bigint)));

WITH changed AS (
  UPDATE "immigration_passport"
  SET "passport_no" = $1, "passport_country" = $2, "date_of_expiry" = $3, "country_of_birth" = $4, "nationality" = $5,
    "updated_by_id" = $6, "updated_at" = now()
  WHERE id = $7::bigint
  RETURNING *
)
SELECT r."id" AS "client_id", r."passport_no", r."passport_country", r."date_of_issue", r."date_of_expiry",
  r."place_of_issue", r."country_of_birth", r."nationality", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/passports/:client_id/: 204

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR NO KEY UPDATE;

SELECT r.*
FROM "immigration_passport" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

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

DELETE FROM "immigration_passport"
WHERE id = $1::bigint;

COMMIT;
