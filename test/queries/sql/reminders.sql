-- GET /api/v1/reminders/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_reminder" r
WHERE true;

SELECT r."id", r."reminder_date", (to_char("r"."reminder_time", 'HH24:MI:SS') || CASE to_char("r"."reminder_time", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."reminder_time", 'US') END) AS "reminder_time", r."title",
  r."meta_info", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."read", r."is_completed", r."notification_created", r."content_type_id" AS "content_type",
  r."object_id"
FROM "immigration_reminder" r
WHERE true
ORDER BY r."reminder_date" DESC NULLS LAST, r.reminder_time DESC NULLS LAST, r."id" DESC
LIMIT $1
OFFSET $2;

COMMIT;

-- GET /api/v1/reminders/, for one branch

BEGIN;

WITH found AS MATERIALIZED (
  SELECT r."id" AS "id", r."reminder_date" AS "reminder_date", r.reminder_time AS "reminder_time"
  FROM immigration_reminder r
  WHERE true
    AND (r.created_by_id = $1::bigint OR CASE r.content_type_id WHEN (SELECT id FROM django_content_type WHERE app_label = $2 AND model = $3) THEN r.object_id IN (
      SELECT r.id
      FROM "immigration_user" r
      WHERE true
        AND (r.id = $4 OR (EXISTS (
          SELECT
          FROM immigration_user_branches ub
          WHERE ub.user_id = r.id
            AND ub.branch_id = ANY ($5::bigint[])
        )))
    ) WHEN (SELECT id FROM django_content_type WHERE app_label = $6 AND model = $7) THEN r.object_id IN (
      SELECT r.id
      FROM "immigration_branch" r
      WHERE r.deleted_at IS NULL
        AND r.id = ANY ($8::bigint[])
    ) WHEN (SELECT id FROM django_content_type WHERE app_label = $9 AND model = $10) THEN r.object_id IN (
      SELECT r.id
      FROM "immigration_client" r
      WHERE r.deleted_at IS NULL
        AND r.branch_id = ANY ($11::bigint[])
    ) WHEN (SELECT id FROM django_content_type WHERE app_label = $12 AND model = $13) THEN r.object_id IN (
      SELECT r.id
      FROM "immigration_region" r
      WHERE true
        AND EXISTS (
          SELECT
          FROM immigration_branch b
          WHERE b.region_id = r.id
            AND b.id = ANY ($14::bigint[])
        )
    ) WHEN (SELECT id FROM django_content_type WHERE app_label = $15 AND model = $16) THEN r.object_id IN (
      SELECT r.id
      FROM "immigration_profilepicture" r
      WHERE true
        AND EXISTS (
          SELECT
          FROM immigration_client c
          WHERE c.id = "r"."client_id"
            AND c.deleted_at IS NULL
            AND "c"."branch_id" = ANY ($17::bigint[])
        )
    ) WHEN (SELECT id FROM django_content_type WHERE app_label = $18 AND model = $19) THEN r.object_id IN (
      SELECT r.id
      FROM "immigration_visaapplication" r
      WHERE true
        AND EXISTS (
          SELECT
          FROM immigration_client c
          WHERE c.id = "r"."client_id"
            AND c.deleted_at IS NULL
            AND "c"."branch_id" = ANY ($20::bigint[])
        )
    ) WHEN (SELECT id FROM django_content_type WHERE app_label = $21 AND model = $22) THEN r.object_id IN (
      SELECT r.id
      FROM "immigration_task" r
      WHERE true
        AND (r.assigned_to_id = $23 OR r.assigned_by_id = $24 OR r.created_by_id = $25 OR r.branch_id = ANY ($26::bigint[]) OR (r.content_type_id = (
          SELECT id
          FROM django_content_type
          WHERE app_label = 'immigration'
            AND model = 'client'
        ) AND EXISTS (
          SELECT
          FROM immigration_client c
          WHERE c.id = "r"."object_id"
            AND c.deleted_at IS NULL
            AND "c"."branch_id" = ANY ($27::bigint[])
        )))
    ) WHEN (SELECT id FROM django_content_type WHERE app_label = $28 AND model = $29) THEN r.object_id IN ( SELECT r.id FROM "immigration_reminder" r WHERE true AND r.created_by_id = $30)
      WHEN (SELECT id FROM django_content_type WHERE app_label = $31 AND model = $32) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_qualification" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($33::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $34 AND model = $35) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_proficiency" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($36::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $37 AND model = $38) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_passport" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($39::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $40 AND model = $41) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_notification" r
        WHERE true
          AND r.assigned_to_id = $42
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $43 AND model = $44) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_note" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($45::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $46 AND model = $47) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_employment" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($48::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $49 AND model = $50) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_clientactivity" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($51::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $52 AND model = $53) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_collegeapplication" r
        WHERE r.deleted_at IS NULL
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($54::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $55 AND model = $56) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_calendar_event" r
        WHERE true
          AND ((r.assigned_to_id = $57::bigint OR r.created_by_id = $58::bigint) OR r.assigned_to_id = ANY (ARRAY(
            SELECT r.id
            FROM immigration_user r
            WHERE (EXISTS (
              SELECT
              FROM immigration_user_branches ub
              WHERE ub.user_id = r.id
                AND ub.branch_id = ANY ($59::bigint[])
            ))
          )))
      ) ELSE false END)
)
SELECT (SELECT count(*) FROM found) AS total, r.*
FROM (VALUES (1)) one
  LEFT JOIN LATERAL (
    SELECT r."id", r."reminder_date", (to_char("r"."reminder_time", 'HH24:MI:SS') || CASE to_char("r"."reminder_time", 'US')
        WHEN '000000' THEN '' ELSE '.' || to_char("r"."reminder_time", 'US') END) AS "reminder_time",
      r."title", r."meta_info", r."created_by_id" AS "created_by", (
        SELECT trim("n"."first_name" || ' ' || "n"."last_name")
        FROM immigration_user n
        WHERE n.id = r."created_by_id"
      ) AS "created_by_name", r."created_at", r."read", r."is_completed", r."notification_created", r."content_type_id" AS "content_type",
      r."object_id"
    FROM (
      SELECT r.id
      FROM found r
      ORDER BY "r"."reminder_date" DESC NULLS LAST, "r"."reminder_time" DESC NULLS LAST, "r"."id" DESC
      LIMIT $60::bigint
      OFFSET $61::bigint
    ) page
      JOIN "immigration_reminder" r ON r.id = page.id
  ) r ON true
ORDER BY "r"."reminder_date" DESC NULLS LAST, "r"."reminder_time" DESC NULLS LAST, "r"."id" DESC;

COMMIT;

-- POST /api/v1/reminders/: 201

BEGIN;

SELECT id, app_label AS app, model
FROM django_content_type
WHERE id = $1;

-- next round trip

SELECT true AS reached
FROM "immigration_agent" r
WHERE r.id = $1
  AND r.deleted_at IS NULL
FOR KEY SHARE OF r;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_reminder" ("reminder_date", "title", "content_type_id", "object_id", "created_by_id")
  VALUES ($1, $2, $3, $4, $5)
  RETURNING *
)
SELECT r."id", r."reminder_date", (to_char("r"."reminder_time", 'HH24:MI:SS') || CASE to_char("r"."reminder_time", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."reminder_time", 'US') END) AS "reminder_time", r."title",
  r."meta_info", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."read", r."is_completed", r."notification_created", r."content_type_id" AS "content_type",
  r."object_id"
FROM changed r;

COMMIT;

-- GET /api/v1/reminders/:id/: 200

BEGIN;

SELECT r."id", r."reminder_date", (to_char("r"."reminder_time", 'HH24:MI:SS') || CASE to_char("r"."reminder_time", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."reminder_time", 'US') END) AS "reminder_time", r."title",
  r."meta_info", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."read", r."is_completed", r."notification_created", r."content_type_id" AS "content_type",
  r."object_id"
FROM "immigration_reminder" r
WHERE r.id = $1::bigint
  AND (r.created_by_id = $2::bigint OR true);

COMMIT;

-- PATCH /api/v1/reminders/:id/: 200

BEGIN;

SELECT r.*
FROM immigration_reminder r
WHERE r.id = $1::bigint
  AND (r.created_by_id = $2::bigint OR true)
FOR UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_reminder"
  SET "reminder_date" = $1, "title" = $2
  WHERE id = $3::bigint
  RETURNING *
)
SELECT r."id", r."reminder_date", (to_char("r"."reminder_time", 'HH24:MI:SS') || CASE to_char("r"."reminder_time", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."reminder_time", 'US') END) AS "reminder_time", r."title",
  r."meta_info", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."read", r."is_completed", r."notification_created", r."content_type_id" AS "content_type",
  r."object_id"
FROM changed r;

COMMIT;

-- DELETE /api/v1/reminders/:id/: 204

BEGIN;

SELECT r.*
FROM immigration_reminder r
WHERE r.id = $1::bigint
  AND (r.created_by_id = $2::bigint OR true)
FOR UPDATE OF r;

-- next round trip

DELETE FROM "immigration_reminder"
WHERE id = $1::bigint;

COMMIT;

-- POST /api/v1/reminders/:id/completed/: 200

BEGIN;

SELECT r.*
FROM immigration_reminder r
WHERE r.id = $1::bigint
  AND (r.created_by_id = $2::bigint OR true)
FOR UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_reminder"
  SET "is_completed" = $1
  WHERE id = $2::bigint
  RETURNING *
)
SELECT r."id", r."reminder_date", (to_char("r"."reminder_time", 'HH24:MI:SS') || CASE to_char("r"."reminder_time", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."reminder_time", 'US') END) AS "reminder_time", r."title",
  r."meta_info", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."read", r."is_completed", r."notification_created", r."content_type_id" AS "content_type",
  r."object_id"
FROM changed r;

COMMIT;
