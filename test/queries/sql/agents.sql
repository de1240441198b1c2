-- GET /api/v1/agents/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_agent" r
WHERE r.deleted_at IS NULL;

SELECT r."id", r."agent_name", r."agent_type", initcap(replace("r"."agent_type", '_', ' ') COLLATE "C") AS "agent_type_display",
  r."company_name", r."designation", r."phone_number", r."email", r."website", r."invoice_to", r."street",
  r."suburb", r."state", r."postcode", nullif(r.country, '') AS "country", r."description", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM "immigration_agent" r
WHERE r.deleted_at IS NULL
ORDER BY r.agent_name, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/agents/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (
  SELECT
  FROM immigration_agent
  WHERE normalize("agent_name", NFC) = $1::text
    AND deleted_at IS NULL
) AS taken;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_agent" ("agent_name", "agent_type", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4)
  RETURNING *
)
SELECT r."id", r."agent_name", r."agent_type", initcap(replace("r"."agent_type", '_', ' ') COLLATE "C") AS "agent_type_display",
  r."company_name", r."designation", r."phone_number", r."email", r."website", r."invoice_to", r."street",
  r."suburb", r."state", r."postcode", nullif(r.country, '') AS "country", r."description", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/agents/:id/: 200

BEGIN;

SELECT r."id", r."agent_name", r."agent_type", initcap(replace("r"."agent_type", '_', ' ') COLLATE "C") AS "agent_type_display",
  r."company_name", r."designation", r."phone_number", r."email", r."website", r."invoice_to", r."street",
  r."suburb", r."state", r."postcode", nullif(r.country, '') AS "country", r."description", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM "immigration_agent" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/agents/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_agent" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (
  SELECT
  FROM immigration_agent
  WHERE normalize("agent_name", NFC) = $1::text
    AND deleted_at IS NULL
) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_agent"
  SET "agent_name" = $1, "agent_type" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."agent_name", r."agent_type", initcap(replace("r"."agent_type", '_', ' ') COLLATE "C") AS "agent_type_display",
  r."company_name", r."designation", r."phone_number", r."email", r."website", r."invoice_to", r."street",
  r."suburb", r."state", r."postcode", nullif(r.country, '') AS "country", r."description", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/agents/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_agent" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (
  SELECT
  FROM immigration_agent
  WHERE normalize("agent_name", NFC) = $1::text
    AND deleted_at IS NULL
) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_agent"
  SET "agent_name" = $1, "agent_type" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4::bigint
  RETURNING *
)
SELECT r."id", r."agent_name", r."agent_type", initcap(replace("r"."agent_type", '_', ' ') COLLATE "C") AS "agent_type_display",
  r."company_name", r."designation", r."phone_number", r."email", r."website", r."invoice_to", r."street",
  r."suburb", r."state", r."postcode", nullif(r.country, '') AS "country", r."description", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/agents/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_agent" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_agent"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;

-- POST /api/v1/agents/:id/restore/: 200

BEGIN;

SELECT r.*
FROM "immigration_agent" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NOT NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext($1));

SELECT EXISTS (
  SELECT
  FROM immigration_agent
  WHERE normalize("agent_name", NFC) = $1::text
    AND deleted_at IS NULL
) AS taken;

-- next round trip

WITH changed AS (
  UPDATE "immigration_agent"
  SET "deleted_at" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."agent_name", r."agent_type", initcap(replace("r"."agent_type", '_', ' ') COLLATE "C") AS "agent_type_display",
  r."company_name", r."designation", r."phone_number", r."email", r."website", r."invoice_to", r."street",
  r."suburb", r."state", r."postcode", nullif(r.country, '') AS "country", r."description", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_name", r."updated_at"
FROM changed r;

COMMIT;
