-- GET /api/v1/tasks/: 200

BEGIN;

SELECT coalesce(sum(n), 0)::bigint - 0 AS count
FROM immigration_task_count r
WHERE true;

SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
  r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
  r."assigned_to_id" AS "assigned_to", NULL::text AS "assigned_to_name", NULL::text AS "assigned_to_full_name",
  r."branch_id", NULL::text AS "branch_name", r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by",
  NULL::text AS "assigned_by_name", NULL::text AS "assigned_by_full_name", r."created_by_id" AS "created_by",
  NULL::text AS "created_by_name", NULL::text AS "created_by_full_name", r."updated_by_id" AS "updated_by",
  NULL::text AS "updated_by_name", NULL::text AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type",
  r."object_id", (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
  r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
    WHEN 'client' THEN (
      SELECT trim("c"."first_name" || ' ' || "c"."last_name")
      FROM immigration_client c
      WHERE c.id = r.object_id
    ) WHEN 'visaapplication' THEN (
      SELECT 'Visa Application'
      FROM immigration_visaapplication v
      WHERE v.id = r.object_id
    ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at", (
      SELECT concat('name_version'::regclass::oid, ' ', sum(version))
      FROM name_version
    ) AS names_version
FROM "immigration_task" r
WHERE true
ORDER BY r.due_date DESC, r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- next round trip

BEGIN;

SELECT (
  SELECT concat('name_version'::regclass::oid, ' ', sum(version))
  FROM name_version
) AS version, found.*
FROM (
  SELECT $1::text AS kind, n.id, trim("n"."first_name" || ' ' || "n"."last_name") AS name
  FROM immigration_user n
  WHERE n.id = ANY ($2::bigint[])
  UNION ALL
  SELECT $3::text AS kind, n.id, n.username AS name
  FROM immigration_user n
  WHERE n.id = ANY ($4::bigint[])
  UNION ALL
  SELECT $5::text AS kind, n.id, n.name AS name
  FROM "immigration_branch" n
  WHERE n.id = ANY ($6::bigint[])
  UNION ALL
  SELECT $7::text AS kind, n.id, n.agent_name AS name
  FROM "immigration_agent" n
  WHERE n.id = ANY ($8::bigint[])
  UNION ALL
  SELECT $9::text AS kind, n.id, n.name AS name
  FROM "immigration_visacategory" n
  WHERE n.id = ANY ($10::bigint[])
) found;

COMMIT;

-- GET /api/v1/tasks/, for one branch

BEGIN;

WITH found AS MATERIALIZED (
  SELECT r.id, r.due_date, r.created_at
  FROM "immigration_task" r
  WHERE r.assigned_to_id = $1
    AND true
  UNION
  SELECT r.id, r.due_date, r.created_at
  FROM "immigration_task" r
  WHERE r.assigned_by_id = $2
    AND true
  UNION
  SELECT r.id, r.due_date, r.created_at
  FROM "immigration_task" r
  WHERE r.created_by_id = $3
    AND true
  UNION
  SELECT r.id, r.due_date, r.created_at
  FROM "immigration_task" r
  WHERE r.branch_id = ANY ($4::bigint[])
    AND true
  UNION
  SELECT r.id, r.due_date, r.created_at
  FROM "immigration_task" r
  WHERE (r.content_type_id = (
    SELECT id
    FROM django_content_type
    WHERE app_label = 'immigration'
      AND model = 'client'
  ) AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."object_id"
      AND c.deleted_at IS NULL
      AND "c"."branch_id" = ANY ($5::bigint[])
  ))
    AND true
)
SELECT (SELECT count(*) FROM found) AS total, r.*
FROM (VALUES (1)) one
  LEFT JOIN LATERAL (
    SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
      r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
      r."assigned_to_id" AS "assigned_to", NULL::text AS "assigned_to_name", NULL::text AS "assigned_to_full_name",
      r."branch_id", NULL::text AS "branch_name", r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by",
      NULL::text AS "assigned_by_name", NULL::text AS "assigned_by_full_name", r."created_by_id" AS "created_by",
      NULL::text AS "created_by_name", NULL::text AS "created_by_full_name", r."updated_by_id" AS "updated_by",
      NULL::text AS "updated_by_name", NULL::text AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type",
      r."object_id", (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
      r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
        WHEN 'client' THEN (
          SELECT trim("c"."first_name" || ' ' || "c"."last_name")
          FROM immigration_client c
          WHERE c.id = r.object_id
        ) WHEN 'visaapplication' THEN (
          SELECT 'Visa Application'
          FROM immigration_visaapplication v
          WHERE v.id = r.object_id
        ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at", (
          SELECT concat('name_version'::regclass::oid, ' ', sum(version))
          FROM name_version
        ) AS names_version
    FROM (
      SELECT r.id
      FROM found r
      ORDER BY r.due_date DESC, r.created_at DESC, r.id DESC
      LIMIT $6::bigint
      OFFSET $7::bigint
    ) page
      JOIN "immigration_task" r ON r.id = page.id
  ) r ON true
ORDER BY r.due_date DESC, r.created_at DESC, r.id DESC;

COMMIT;

-- next round trip

BEGIN;

SELECT (
  SELECT concat('name_version'::regclass::oid, ' ', sum(version))
  FROM name_version
) AS version, found.*
FROM (
  SELECT $1::text AS kind, n.id, trim("n"."first_name" || ' ' || "n"."last_name") AS name
  FROM immigration_user n
  WHERE n.id = ANY ($2::bigint[])
  UNION ALL
  SELECT $3::text AS kind, n.id, n.username AS name
  FROM immigration_user n
  WHERE n.id = ANY ($4::bigint[])
  UNION ALL
  SELECT $5::text AS kind, n.id, n.name AS name
  FROM "immigration_branch" n
  WHERE n.id = ANY ($6::bigint[])
  UNION ALL
  SELECT $7::text AS kind, n.id, n.agent_name AS name
  FROM "immigration_agent" n
  WHERE n.id = ANY ($8::bigint[])
  UNION ALL
  SELECT $9::text AS kind, n.id, n.name AS name
  FROM "immigration_visacategory" n
  WHERE n.id = ANY ($10::bigint[])
) found;

COMMIT;

-- POST /api/v1/tasks/: 201

BEGIN;

WITH changed AS (
  INSERT INTO "immigration_task" ("title", "detail", "due_date", "assigned_to_id", "branch_id", "assigned_by_id",
    "created_by_id")
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  RETURNING *
), made AS (
  INSERT INTO immigration_notification (notification_type, title, message, due_date, assigned_to_id, meta_info,
    created_by_id, updated_by_id)
  SELECT 'TASK_ASSIGNED', CASE WHEN length('Task assigned') > 200 THEN left('Task assigned', 199) || '…'
      ELSE 'Task assigned' END, format('Task "%s" has been assigned to you', t.title), t.due_date, u.id,
    jsonb_build_object('task_id', t.id, 'priority', t.priority), $8::bigint, $9::bigint
  FROM changed t
    JOIN immigration_user u ON u.id = t.assigned_to_id
    AND u.is_active
  ORDER BY t.id
  RETURNING assigned_to_id
)
SELECT r.*, (
  SELECT CASE WHEN count(*) > 0 THEN pg_notify('leopard_notifications', json_build_object( 'schema', current_schema(),
    'users', CASE WHEN count(DISTINCT assigned_to_id) <= 500 THEN json_agg(DISTINCT assigned_to_id) END )::text) END
  FROM made
) AS told
FROM (
  SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
    r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
    r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
    r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_by_id"
    ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."created_by_id"
    ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."updated_by_id"
    ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
    (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
    r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
      WHEN 'client' THEN (
        SELECT trim("c"."first_name" || ' ' || "c"."last_name")
        FROM immigration_client c
        WHERE c.id = r.object_id
      ) WHEN 'visaapplication' THEN (
        SELECT 'Visa Application'
        FROM immigration_visaapplication v
        WHERE v.id = r.object_id
      ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
  FROM changed r
) r;

COMMIT;

-- GET /api/v1/tasks/due_soon/: 200

BEGIN;

SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
  r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_by_id"
  ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
  (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
  r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
    WHEN 'client' THEN (
      SELECT trim("c"."first_name" || ' ' || "c"."last_name")
      FROM immigration_client c
      WHERE c.id = r.object_id
    ) WHEN 'visaapplication' THEN (
      SELECT 'Visa Application'
      FROM immigration_visaapplication v
      WHERE v.id = r.object_id
    ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
FROM "immigration_task" r
WHERE r.assigned_to_id = $1
  AND r.status IN ('PENDING', 'IN_PROGRESS')
  AND r.due_date >= now()
  AND r.due_date <= now() + make_interval(days => $2::integer)
ORDER BY r.due_date, r.id;

COMMIT;

-- GET /api/v1/tasks/overdue/: 200

BEGIN;

SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
  r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_by_id"
  ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
  (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
  r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
    WHEN 'client' THEN (
      SELECT trim("c"."first_name" || ' ' || "c"."last_name")
      FROM immigration_client c
      WHERE c.id = r.object_id
    ) WHEN 'visaapplication' THEN (
      SELECT 'Visa Application'
      FROM immigration_visaapplication v
      WHERE v.id = r.object_id
    ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
FROM "immigration_task" r
WHERE r.assigned_to_id = $1
  AND r.status IN ('PENDING', 'IN_PROGRESS')
  AND r.due_date < now()
ORDER BY r.due_date, r.id;

COMMIT;

-- GET /api/v1/tasks/:id/: 200

BEGIN;

SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
  r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_by_id"
  ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
  (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
  r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
    WHEN 'client' THEN (
      SELECT trim("c"."first_name" || ' ' || "c"."last_name")
      FROM immigration_client c
      WHERE c.id = r.object_id
    ) WHEN 'visaapplication' THEN (
      SELECT 'Visa Application'
      FROM immigration_visaapplication v
      WHERE v.id = r.object_id
    ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
FROM "immigration_task" r
WHERE r.id = $1
  AND true;

COMMIT;

-- GET /api/v1/tasks/:id/, for one branch

BEGIN;

SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
  r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
  r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_by_id"
  ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."updated_by_id"
  ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
  (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
  r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
    WHEN 'client' THEN (
      SELECT trim("c"."first_name" || ' ' || "c"."last_name")
      FROM immigration_client c
      WHERE c.id = r.object_id
    ) WHEN 'visaapplication' THEN (
      SELECT 'Visa Application'
      FROM immigration_visaapplication v
      WHERE v.id = r.object_id
    ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
FROM "immigration_task" r
WHERE r.id = $1
  AND (r.assigned_to_id = $2 OR r.assigned_by_id = $3 OR r.created_by_id = $4 OR r.branch_id = ANY ($5::bigint[]) OR (r.content_type_id = (
    SELECT id
    FROM django_content_type
    WHERE app_label = 'immigration'
      AND model = 'client'
  ) AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."object_id"
      AND c.deleted_at IS NULL
      AND "c"."branch_id" = ANY ($6::bigint[])
  )));

COMMIT;

-- PUT /api/v1/tasks/:id/: 200

BEGIN;

SELECT r.id, r.status, r.assigned_to_id, r.assigned_by_id, r.created_by_id, r.branch_id
FROM immigration_task r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_task"
  SET "title" = $1, "detail" = $2, "due_date" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5
  RETURNING *
)
SELECT r.*
FROM (
  SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
    r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
    r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
    r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_by_id"
    ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."created_by_id"
    ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."updated_by_id"
    ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
    (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
    r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
      WHEN 'client' THEN (
        SELECT trim("c"."first_name" || ' ' || "c"."last_name")
        FROM immigration_client c
        WHERE c.id = r.object_id
      ) WHEN 'visaapplication' THEN (
        SELECT 'Visa Application'
        FROM immigration_visaapplication v
        WHERE v.id = r.object_id
      ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
  FROM changed r
) r;

COMMIT;

-- PATCH /api/v1/tasks/:id/: 200

BEGIN;

SELECT r.id, r.status, r.assigned_to_id, r.assigned_by_id, r.created_by_id, r.branch_id
FROM immigration_task r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_task"
  SET "title" = $1, "detail" = $2, "due_date" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5
  RETURNING *
)
SELECT r.*
FROM (
  SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
    r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
    r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
    r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_by_id"
    ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."created_by_id"
    ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."updated_by_id"
    ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
    (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
    r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
      WHEN 'client' THEN (
        SELECT trim("c"."first_name" || ' ' || "c"."last_name")
        FROM immigration_client c
        WHERE c.id = r.object_id
      ) WHEN 'visaapplication' THEN (
        SELECT 'Visa Application'
        FROM immigration_visaapplication v
        WHERE v.id = r.object_id
      ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
  FROM changed r
) r;

COMMIT;

-- DELETE /api/v1/tasks/:id/: 204

BEGIN;

SELECT r.id, r.status, r.assigned_to_id, r.assigned_by_id, r.created_by_id, r.branch_id
FROM immigration_task r
WHERE r.id = $1
  AND true
FOR UPDATE OF r;

-- next round trip

DELETE FROM immigration_task
WHERE id = $1::bigint;

COMMIT;

-- POST /api/v1/tasks/:id/add_comment/: 200

BEGIN;

SELECT r.id, r.status, r.assigned_to_id, r.assigned_by_id, r.created_by_id, r.branch_id
FROM immigration_task r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE OF r;

SELECT CASE jsonb_typeof(comments) WHEN 'array' THEN jsonb_array_length(comments) ELSE 0 END AS comments
FROM immigration_task
WHERE id = $1::bigint;

-- next round trip

WITH changed AS (
  UPDATE immigration_task t
  SET comments = t.comments || jsonb_build_array(jsonb_build_object( 'user_id', u.id, 'username', u.username,
    'full_name', trim("u"."first_name" || ' ' || "u"."last_name"), 'text', $1::text, 'mentions', $2::jsonb,
    'created_at', regexp_replace( to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    '\.000000', ''))), updated_by_id = $3::bigint, updated_at = now()
  FROM immigration_user u
  WHERE t.id = $4::bigint
    AND u.id = $5::bigint
  RETURNING t.*
)
SELECT r.*
FROM (
  SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
    r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
    r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
    r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_by_id"
    ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."created_by_id"
    ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."updated_by_id"
    ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
    (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
    r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
      WHEN 'client' THEN (
        SELECT trim("c"."first_name" || ' ' || "c"."last_name")
        FROM immigration_client c
        WHERE c.id = r.object_id
      ) WHEN 'visaapplication' THEN (
        SELECT 'Visa Application'
        FROM immigration_visaapplication v
        WHERE v.id = r.object_id
      ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
  FROM changed r
) r;

COMMIT;

-- POST /api/v1/tasks/:id/cancel/: 200

BEGIN;

SELECT r.id, r.status, r.assigned_to_id, r.assigned_by_id, r.created_by_id, r.branch_id
FROM immigration_task r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_task"
  SET "status" = $1, "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3
  RETURNING *
)
SELECT r.*
FROM (
  SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
    r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
    r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
    r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_by_id"
    ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."created_by_id"
    ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."updated_by_id"
    ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
    (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
    r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
      WHEN 'client' THEN (
        SELECT trim("c"."first_name" || ' ' || "c"."last_name")
        FROM immigration_client c
        WHERE c.id = r.object_id
      ) WHEN 'visaapplication' THEN (
        SELECT 'Visa Application'
        FROM immigration_visaapplication v
        WHERE v.id = r.object_id
      ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
  FROM changed r
) r;

COMMIT;

-- POST /api/v1/tasks/:id/claim/: 200

BEGIN;

SELECT r.branch_id, true AS seen, EXISTS (
  SELECT
  FROM immigration_user_branches ub
  WHERE ub.user_id = r.assigned_to_id
    AND ub.branch_id = ANY ($1::bigint[])
) AS colleagues
FROM immigration_task r
WHERE r.id = $2::bigint
FOR NO KEY UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_task"
  SET "assigned_to_id" = $1, "branch_id" = $2, "updated_by_id" = $3, "updated_at" = now()
  WHERE id = $4
  RETURNING *
), made AS (
  INSERT INTO immigration_notification (notification_type, title, message, due_date, assigned_to_id, meta_info,
    created_by_id, updated_by_id)
  SELECT 'TASK_ASSIGNED', CASE WHEN length('Task assigned') > 200 THEN left('Task assigned', 199) || '…'
      ELSE 'Task assigned' END, format('Task "%s" has been assigned to you', t.title), t.due_date, u.id,
    jsonb_build_object('task_id', t.id, 'priority', t.priority), $5::bigint, $6::bigint
  FROM changed t
    JOIN immigration_user u ON u.id = t.assigned_to_id
    AND u.is_active
  ORDER BY t.id
  RETURNING assigned_to_id
)
SELECT r.*, (
  SELECT CASE WHEN count(*) > 0 THEN pg_notify('leopard_notifications', json_build_object( 'schema', current_schema(),
    'users', CASE WHEN count(DISTINCT assigned_to_id) <= 500 THEN json_agg(DISTINCT assigned_to_id) END )::text) END
  FROM made
) AS told
FROM (
  SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
    r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
    r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
    r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_by_id"
    ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."created_by_id"
    ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."updated_by_id"
    ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
    (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
    r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
      WHEN 'client' THEN (
        SELECT trim("c"."first_name" || ' ' || "c"."last_name")
        FROM immigration_client c
        WHERE c.id = r.object_id
      ) WHEN 'visaapplication' THEN (
        SELECT 'Visa Application'
        FROM immigration_visaapplication v
        WHERE v.id = r.object_id
      ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
  FROM changed r
) r;

COMMIT;

-- POST /api/v1/tasks/:id/complete/: 200

BEGIN;

SELECT r.id, r.status, r.assigned_to_id, r.assigned_by_id, r.created_by_id, r.branch_id
FROM immigration_task r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_task"
  SET "status" = $1, "completed_at" = now(), "updated_by_id" = $2, "updated_at" = now()
  WHERE id = $3
  RETURNING *
)
SELECT r.*
FROM (
  SELECT r."id", r."title", r."detail", r."priority", initcap(replace("r"."priority", '_', ' ') COLLATE "C") AS "priority_display",
    r."status", initcap(replace("r"."status", '_', ' ') COLLATE "C") AS "status_display", r."due_date",
    r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_to_id"
    ) AS "assigned_to_full_name", r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
    r.branch_id IS NOT NULL AS "assigned_to_branch", r."assigned_by_id" AS "assigned_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_by_id") AS "assigned_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."assigned_by_id"
    ) AS "assigned_by_full_name", r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."created_by_id"
    ) AS "created_by_full_name", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
    (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_user n
      WHERE n.id = r."updated_by_id"
    ) AS "updated_by_full_name", r."tags", r."comments", r."content_type_id" AS "content_type", r."object_id",
    (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id) AS "linked_entity_type",
    r."object_id" AS "linked_entity_id", CASE (SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)
      WHEN 'client' THEN (
        SELECT trim("c"."first_name" || ' ' || "c"."last_name")
        FROM immigration_client c
        WHERE c.id = r.object_id
      ) WHEN 'visaapplication' THEN (
        SELECT 'Visa Application'
        FROM immigration_visaapplication v
        WHERE v.id = r.object_id
      ) END AS "linked_entity_name", r."completed_at", r."created_at", r."updated_at"
  FROM changed r
) r;

COMMIT;
