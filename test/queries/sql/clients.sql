-- GET /api/v1/clients/: 200

BEGIN;

SELECT coalesce(sum(n), 0)::bigint AS count
FROM immigration_client_count
WHERE NOT deleted
  AND true;

SELECT r."id", r."first_name", r."middle_name", r."last_name", r."gender", r."dob", r."phone_number",
  r."email", r."referred_by", r."street", r."suburb", r."state", r."postcode", r."country", r."visa_category_id" AS "visa_category",
  NULL::text AS "visa_category_name", r."agent_id" AS "agent", NULL::text AS "agent_name", r."description",
  r."assigned_to_id" AS "assigned_to", NULL::text AS "assigned_to_name", r."stage", r."active", r."branch_id" AS "branch",
  NULL::text AS "branch_name", r."created_by_id" AS "created_by", NULL::text AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", r."updated_at", (
    SELECT concat('name_version'::regclass::oid, ' ', sum(version))
    FROM name_version
  ) AS names_version
FROM "immigration_client" r
WHERE r.deleted_at IS NULL
  AND true
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/clients/, for one branch

BEGIN;

SELECT coalesce(sum(n), 0)::bigint AS count
FROM immigration_client_count
WHERE NOT deleted
  AND "branch_id" = ANY ($1::bigint[]);

SELECT r."id", r."first_name", r."middle_name", r."last_name", r."gender", r."dob", r."phone_number",
  r."email", r."referred_by", r."street", r."suburb", r."state", r."postcode", r."country", r."visa_category_id" AS "visa_category",
  NULL::text AS "visa_category_name", r."agent_id" AS "agent", NULL::text AS "agent_name", r."description",
  r."assigned_to_id" AS "assigned_to", NULL::text AS "assigned_to_name", r."stage", r."active", r."branch_id" AS "branch",
  NULL::text AS "branch_name", r."created_by_id" AS "created_by", NULL::text AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", r."updated_at", (
    SELECT concat('name_version'::regclass::oid, ' ', sum(version))
    FROM name_version
  ) AS names_version
FROM "immigration_client" r
WHERE r.deleted_at IS NULL
  AND "r"."branch_id" = ANY ($1::bigint[])
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/clients/: 201

BEGIN;

WITH changed AS (
  INSERT INTO "immigration_client" ("first_name", "gender", "country", "branch_id", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4, $5, $6)
  RETURNING *
)
SELECT r."id", r."first_name", r."middle_name", r."last_name", r."gender", r."dob", r."phone_number",
  r."email", r."referred_by", r."street", r."suburb", r."state", r."postcode", r."country", r."visa_category_id" AS "visa_category",
  (
    SELECT n.name
    FROM "immigration_visacategory" n
    WHERE n.id = r."visa_category_id"
  ) AS "visa_category_name", r."agent_id" AS "agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."agent_id") AS "agent_name",
  r."description", r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."stage", r."active", r."branch_id" AS "branch", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/clients/stage-counts/: 200

BEGIN;

SELECT stage, sum(n)::bigint AS count
FROM immigration_client_count
WHERE NOT deleted
  AND true
GROUP BY stage;

COMMIT;

-- GET /api/v1/clients/stage-counts/, for one branch

BEGIN;

SELECT stage, sum(n)::bigint AS count
FROM immigration_client_count
WHERE NOT deleted
  AND "branch_id" = ANY ($1::bigint[])
GROUP BY stage;

COMMIT;

-- POST /api/v1/clients/bulk/assign/: 200

BEGIN;

SELECT r.id, r.branch_id AS branch, r.assigned_to_id IS DISTINCT FROM $1::bigint AS differs
FROM "immigration_client" r
WHERE r.deleted_at IS NULL
  AND true
  AND r.id IN (SELECT s.client_id FROM client_search s WHERE (s.text LIKE $2))
ORDER BY r.id
LIMIT 10001
FOR NO KEY UPDATE OF r;

-- next round trip

COMMIT;

-- POST /api/v1/clients/bulk/stage/: 200

BEGIN;

SELECT r.id, r.branch_id AS branch, r.stage <> $1::text AS differs
FROM "immigration_client" r
WHERE r.deleted_at IS NULL
  AND true
  AND r.id IN (SELECT s.client_id FROM client_search s WHERE (s.text LIKE $2))
ORDER BY r.id
LIMIT 10001
FOR NO KEY UPDATE OF r;

-- next round trip

COMMIT;

-- POST /api/v1/clients/bulk/archive/: 200

BEGIN;

SELECT r.id, r.branch_id AS branch, true AS differs
FROM "immigration_client" r
WHERE r.deleted_at IS NULL
  AND true
  AND r.id IN (SELECT s.client_id FROM client_search s WHERE (s.text LIKE $1))
ORDER BY r.id
LIMIT 10001
FOR NO KEY UPDATE OF r;

-- next round trip

COMMIT;

-- POST /api/v1/clients/bulk/restore/: 200

BEGIN;

SELECT r.id, r.branch_id AS branch, true AS differs
FROM "immigration_client" r
WHERE r.deleted_at IS NOT NULL
  AND true
  AND r.id IN (SELECT s.client_id FROM client_search s WHERE (s.text LIKE $1))
ORDER BY r.id
LIMIT 10001
FOR NO KEY UPDATE OF r;

-- next round trip

COMMIT;

-- GET /api/v1/clients/:id/: 200

BEGIN;

SELECT r."id", r."first_name", r."middle_name", r."last_name", r."gender", r."dob", r."phone_number",
  r."email", r."referred_by", r."street", r."suburb", r."state", r."postcode", r."country", r."visa_category_id" AS "visa_category",
  (
    SELECT n.name
    FROM "immigration_visacategory" n
    WHERE n.id = r."visa_category_id"
  ) AS "visa_category_name", r."agent_id" AS "agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."agent_id") AS "agent_name",
  r."description", r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."stage", r."active", r."branch_id" AS "branch", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PUT /api/v1/clients/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_client"
  SET "first_name" = $1, "gender" = $2, "country" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5::bigint
  RETURNING *
)
SELECT r."id", r."first_name", r."middle_name", r."last_name", r."gender", r."dob", r."phone_number",
  r."email", r."referred_by", r."street", r."suburb", r."state", r."postcode", r."country", r."visa_category_id" AS "visa_category",
  (
    SELECT n.name
    FROM "immigration_visacategory" n
    WHERE n.id = r."visa_category_id"
  ) AS "visa_category_name", r."agent_id" AS "agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."agent_id") AS "agent_name",
  r."description", r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."stage", r."active", r."branch_id" AS "branch", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- PATCH /api/v1/clients/:id/: 200

BEGIN;

SELECT r.*
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_client"
  SET "first_name" = $1, "gender" = $2, "country" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5::bigint
  RETURNING *
)
SELECT r."id", r."first_name", r."middle_name", r."last_name", r."gender", r."dob", r."phone_number",
  r."email", r."referred_by", r."street", r."suburb", r."state", r."postcode", r."country", r."visa_category_id" AS "visa_category",
  (
    SELECT n.name
    FROM "immigration_visacategory" n
    WHERE n.id = r."visa_category_id"
  ) AS "visa_category_name", r."agent_id" AS "agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."agent_id") AS "agent_name",
  r."description", r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."stage", r."active", r."branch_id" AS "branch", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/clients/:id/: 204

BEGIN;

SELECT r.*
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_client"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;

-- POST /api/v1/clients/:id/restore/: 200

BEGIN;

SELECT r.*
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NOT NULL
FOR NO KEY UPDATE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_client"
  SET "deleted_at" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."first_name", r."middle_name", r."last_name", r."gender", r."dob", r."phone_number",
  r."email", r."referred_by", r."street", r."suburb", r."state", r."postcode", r."country", r."visa_category_id" AS "visa_category",
  (
    SELECT n.name
    FROM "immigration_visacategory" n
    WHERE n.id = r."visa_category_id"
  ) AS "visa_category_name", r."agent_id" AS "agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."agent_id") AS "agent_name",
  r."description", r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."stage", r."active", r."branch_id" AS "branch", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/clients/:id/timeline/: 200

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL;

SELECT count(*) AS count
FROM immigration_clientactivity r
WHERE r.client_id = $1;

SELECT r."id", r."client_id" AS "client", r."activity_type", r."performed_by_id" AS "performed_by", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."performed_by_id"
) AS "performed_by_name", r."description", r."metadata", r."created_at"
FROM immigration_clientactivity r
WHERE r.client_id = $1
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/clients/:id/profile-picture/: 200

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL;

SELECT r."id", r."client_id" AS "client", r."file", r."file_size", r."file_type", r."uploaded_by_id" AS "uploaded_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."uploaded_by_id"
  ) AS "uploaded_by_name", r."created_at", r."updated_at"
FROM "immigration_profilepicture" r
WHERE r.client_id = $1;

COMMIT;

-- POST /api/v1/clients/:id/profile-picture/: 201

BEGIN;

SELECT r.*
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

COMMIT;

-- next round trip

BEGIN;

SELECT r.*
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT file
FROM immigration_profilepicture
WHERE client_id = $1;

WITH changed AS (
  INSERT INTO "immigration_profilepicture" ("client_id", "file", "file_size", "file_type", "uploaded_by_id")
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (client_id) DO UPDATE SET "file" = $6, "file_size" = $7, "file_type" = $8, "uploaded_by_id" = $9,
    updated_at = now()
  RETURNING *
)
SELECT r."id", r."client_id" AS "client", r."file", r."file_size", r."file_type", r."uploaded_by_id" AS "uploaded_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."uploaded_by_id"
  ) AS "uploaded_by_name", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/clients/:id/profile-picture/: 204

BEGIN;

SELECT r.*
FROM "immigration_client" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM immigration_profilepicture
WHERE client_id = $1
RETURNING file;

COMMIT;

-- GET /api/v1/clients/export/: 200

BEGIN;

WITH shown AS MATERIALIZED (
  SELECT r."id" AS "id", r."first_name" AS "first_name", r."middle_name" AS "middle_name", r."last_name" AS "last_name",
    r."email" AS "email", r."phone_number" AS "phone_number", r."gender" AS "gender", r."dob" AS "dob",
    r."country" AS "country", r."street" AS "street", r."suburb" AS "suburb", r."state" AS "state", r."postcode" AS "postcode",
    r."stage" AS "stage", r."active" AS "active", (
      SELECT n.name
      FROM "immigration_visacategory" n
      WHERE n.id = r."visa_category_id"
    ) AS "visa_category", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."agent_id") AS "agent",
    (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to", (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_name", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch",
    r."referred_by" AS "referred_by", r."description" AS "description", r."created_at" AS "created_at",
    r."updated_at" AS "updated_at", r.deleted_at AS "archived_at"
  FROM immigration_client r
  WHERE r.deleted_at IS NULL
    AND true
    AND true
  ORDER BY r.created_at DESC, r.id DESC
  LIMIT $1::bigint
)
SELECT *
FROM shown
WHERE (SELECT audit_read($2::text, ARRAY(SELECT id FROM shown ORDER BY id)))
ORDER BY created_at DESC, id DESC;

COMMIT;

-- GET /api/v1/clients/export/, for one branch

BEGIN;

WITH shown AS MATERIALIZED (
  SELECT r."id" AS "id", r."first_name" AS "first_name", r."middle_name" AS "middle_name", r."last_name" AS "last_name",
    r."email" AS "email", r."phone_number" AS "phone_number", r."gender" AS "gender", r."dob" AS "dob",
    r."country" AS "country", r."street" AS "street", r."suburb" AS "suburb", r."state" AS "state", r."postcode" AS "postcode",
    r."stage" AS "stage", r."active" AS "active", (
      SELECT n.name
      FROM "immigration_visacategory" n
      WHERE n.id = r."visa_category_id"
    ) AS "visa_category", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."agent_id") AS "agent",
    (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to", (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_name", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch",
    r."referred_by" AS "referred_by", r."description" AS "description", r."created_at" AS "created_at",
    r."updated_at" AS "updated_at", r.deleted_at AS "archived_at"
  FROM immigration_client r
  WHERE r.deleted_at IS NULL
    AND "r"."branch_id" = ANY ($1::bigint[])
    AND true
  ORDER BY r.created_at DESC, r.id DESC
  LIMIT $2::bigint
)
SELECT *
FROM shown
WHERE (SELECT audit_read($3::text, ARRAY(SELECT id FROM shown ORDER BY id)))
ORDER BY created_at DESC, id DESC;

COMMIT;

-- GET /api/v1/clients/:id/personal-data/: 200

BEGIN;

SELECT f.client, f.records, f.words, f.events, f.notifications, deliveries_of_client(f.client, f.records, f.events, f.notifications) AS deliveries
FROM (
  SELECT e.*, notifications_of_client(e.client, e.records, e.events) AS notifications
  FROM (
    SELECT n.*, events_of_client(n.client, n.records) AS events
    FROM (
      SELECT c.id AS client, records_of_client(c.id) AS records, words_for_client(c.id) AS words
      FROM immigration_client c
      WHERE c.id = $1
      OFFSET 0
    ) n
    OFFSET 0
  ) e
  OFFSET 0
) f;

-- next round trip

SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address,
  e.agent, e.request_id, e.session_id, e.count, e.detail
FROM security_record($1::jsonb, $2::boolean) e;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_client" r
WHERE r.id = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_clientactivity" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_collegeapplication" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_employment" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_note" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_passport" r
WHERE "r"."id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_proficiency" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_profilepicture" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_qualification" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_visaapplication" r
WHERE "r"."client_id" = $1
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_reminder" r
WHERE r.id = ANY (ids_among($1::text[], $2))
  AND "r"."id" > $3::bigint
ORDER BY "r"."id"
LIMIT $4::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_task" r
WHERE r.id = ANY (ids_among($1::text[], $2))
  AND "r"."id" > $3::bigint
ORDER BY "r"."id"
LIMIT $4::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_calendar_event" r
WHERE names_any(concat_ws(' ', r.title, r.description, r.location), $1::text[])
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_notification" r
WHERE r.id = ANY ($1::bigint[])
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "immigration_event" r
WHERE r.id = ANY ($1::bigint[])
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "delivery" r
WHERE r.id = ANY ($1::bigint[])
  AND "r"."id" > $2::bigint
ORDER BY "r"."id"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."place" AS key, to_jsonb(r)::text AS row
FROM "client_import_row" r
WHERE r.client_id = $1
  AND "r"."place" > $2::bigint
ORDER BY "r"."place"
LIMIT $3::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT "r"."id" AS key, to_jsonb(r)::text AS row
FROM "audit_entry" r
WHERE (r.entity || ':' || r.record_id = ANY ($1::text[]) OR (r.entity IN ('client', 'passport', 'profilepicture') AND (r.record_id = $2::bigint OR r.record_ids @> ARRAY[$3::bigint])))
  AND "r"."id" > $4::bigint
ORDER BY "r"."id"
LIMIT $5::bigint;

COMMIT;

-- next round trip

BEGIN;

SELECT file, file_type AS type
FROM immigration_profilepicture
WHERE client_id = $1;

COMMIT;

-- POST /api/v1/clients/:id/erase/: 400

BEGIN;

SELECT
FROM immigration_client
WHERE id = $1;

-- next round trip

ROLLBACK;
