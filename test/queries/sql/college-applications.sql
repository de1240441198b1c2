-- GET /api/v1/college-applications/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_collegeapplication" r
WHERE r.deleted_at IS NULL
  AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND true
  );

SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_id" AS "stage", (SELECT n."stage_name" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_name",
  (SELECT n."position" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_position", NOT EXISTS (
    SELECT
    FROM immigration_stage s
      JOIN immigration_stage l ON l.application_type_id = s.application_type_id
      AND l.position > s.position
    WHERE s.id = r.stage_id
  ) AS "is_final_stage", r."client_id" AS "client", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_client n
    WHERE n.id = r."client_id"
  ) AS "client_name", r."institute_id" AS "institute", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."course_id" AS "course", (SELECT n."name" FROM "immigration_course" n WHERE n.id = r."course_id") AS "course_name",
  r."start_date_id" AS "start_date", (
    SELECT n."intake_date"
    FROM "immigration_institute_intake" n
    WHERE n.id = r."start_date_id"
  ) AS "intake_date", r."location_id" AS "location", r."finish_date", r."total_tuition_fee", r."student_id",
  r."super_agent_id" AS "super_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."super_agent_id") AS "super_agent_name",
  r."sub_agent_id" AS "sub_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."sub_agent_id") AS "sub_agent_name",
  r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."notes", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at", (
    SELECT n."state"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_state", (
    SELECT n."country"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_country"
FROM "immigration_collegeapplication" r
WHERE r.deleted_at IS NULL
  AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND true
  )
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/college-applications/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_collegeapplication" r
WHERE r.deleted_at IS NULL
  AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND "c"."branch_id" = ANY ($1::bigint[])
  );

SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_id" AS "stage", (SELECT n."stage_name" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_name",
  (SELECT n."position" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_position", NOT EXISTS (
    SELECT
    FROM immigration_stage s
      JOIN immigration_stage l ON l.application_type_id = s.application_type_id
      AND l.position > s.position
    WHERE s.id = r.stage_id
  ) AS "is_final_stage", r."client_id" AS "client", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_client n
    WHERE n.id = r."client_id"
  ) AS "client_name", r."institute_id" AS "institute", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."course_id" AS "course", (SELECT n."name" FROM "immigration_course" n WHERE n.id = r."course_id") AS "course_name",
  r."start_date_id" AS "start_date", (
    SELECT n."intake_date"
    FROM "immigration_institute_intake" n
    WHERE n.id = r."start_date_id"
  ) AS "intake_date", r."location_id" AS "location", r."finish_date", r."total_tuition_fee", r."student_id",
  r."super_agent_id" AS "super_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."super_agent_id") AS "super_agent_name",
  r."sub_agent_id" AS "sub_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."sub_agent_id") AS "sub_agent_name",
  r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."notes", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at", (
    SELECT n."state"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_state", (
    SELECT n."country"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_country"
FROM "immigration_collegeapplication" r
WHERE r.deleted_at IS NULL
  AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND "c"."branch_id" = ANY ($1::bigint[])
  )
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/college-applications/: 201

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

SELECT id
FROM immigration_applicationtype
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

SELECT id
FROM immigration_stage
WHERE application_type_id = $1
ORDER BY position
LIMIT 1
FOR KEY SHARE;

-- next round trip

SELECT deleted_at IS NOT NULL AS deleted
FROM immigration_institute
WHERE id = $1
FOR KEY SHARE;

SELECT deleted_at IS NOT NULL AS deleted, institute_id AS institute
FROM "immigration_course"
WHERE id = $1
FOR KEY SHARE;

SELECT deleted_at IS NOT NULL AS deleted, institute_id AS institute
FROM "immigration_institute_intake"
WHERE id = $1
FOR KEY SHARE;

SELECT deleted_at IS NOT NULL AS deleted, institute_id AS institute
FROM "immigration_institute_location"
WHERE id = $1
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_collegeapplication" ("application_type_id", "client_id", "institute_id", "course_id",
    "start_date_id", "location_id", "total_tuition_fee", "stage_id", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  RETURNING *
)
SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_id" AS "stage", (SELECT n."stage_name" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_name",
  (SELECT n."position" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_position", NOT EXISTS (
    SELECT
    FROM immigration_stage s
      JOIN immigration_stage l ON l.application_type_id = s.application_type_id
      AND l.position > s.position
    WHERE s.id = r.stage_id
  ) AS "is_final_stage", r."client_id" AS "client", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_client n
    WHERE n.id = r."client_id"
  ) AS "client_name", r."institute_id" AS "institute", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."course_id" AS "course", (SELECT n."name" FROM "immigration_course" n WHERE n.id = r."course_id") AS "course_name",
  r."start_date_id" AS "start_date", (
    SELECT n."intake_date"
    FROM "immigration_institute_intake" n
    WHERE n.id = r."start_date_id"
  ) AS "intake_date", r."location_id" AS "location", r."finish_date", r."total_tuition_fee", r."student_id",
  r."super_agent_id" AS "super_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."super_agent_id") AS "super_agent_name",
  r."sub_agent_id" AS "sub_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."sub_agent_id") AS "sub_agent_name",
  r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."notes", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at", (
    SELECT n."state"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_state", (
    SELECT n."country"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_country"
FROM changed r;

COMMIT;

-- GET /api/v1/college-applications/dashboard-statistics/: 200

BEGIN;

WITH seen AS MATERIALIZED (
  SELECT r.application_type_id, r.institute_id, r.stage_id, r.start_date_id, r.assigned_to_id
  FROM immigration_collegeapplication r
  WHERE r.deleted_at IS NULL
    AND EXISTS (
      SELECT
      FROM immigration_client c
      WHERE c.id = "r"."client_id"
        AND c.deleted_at IS NULL
        AND true
    )
)
SELECT 'all' AS what, 1 AS place, NULL::bigint AS id, NULL::text AS name, NULL::date AS day, count(*) AS count,
  count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned
FROM seen r
UNION ALL
SELECT 'intake', row_number() OVER (ORDER BY i.intake_date), NULL, NULL, i.intake_date, sum(reached.count)::bigint,
  0
FROM (
  SELECT r.start_date_id, count(*) AS count
  FROM seen r
  WHERE NOT EXISTS (
    SELECT
    FROM immigration_stage s
      JOIN immigration_stage l ON l.application_type_id = s.application_type_id
      AND l.position > s.position
    WHERE s.id = r.stage_id
  )
  GROUP BY r.start_date_id
) reached
  JOIN immigration_institute_intake i ON i.id = reached.start_date_id
WHERE true
GROUP BY i.intake_date
UNION ALL (
  SELECT $1::text, row_number() OVER (ORDER BY used.count DESC, t."title", t.id), t.id, t."title", NULL,
    used.count, 0
  FROM (SELECT r."application_type_id" AS id, count(*) AS count FROM seen r GROUP BY 1) used
    JOIN "immigration_applicationtype" t ON t.id = used.id
  ORDER BY used.count DESC, t."title", t.id
  LIMIT 5
)
UNION ALL (
  SELECT $2::text, row_number() OVER (ORDER BY used.count DESC, t."name", t.id), t.id, t."name", NULL,
    used.count, 0
  FROM (SELECT r."institute_id" AS id, count(*) AS count FROM seen r GROUP BY 1) used
    JOIN "immigration_institute" t ON t.id = used.id
  ORDER BY used.count DESC, t."name", t.id
  LIMIT 5
);

SELECT r."id", (SELECT n."first_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__first_name",
  (SELECT n."last_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__last_name",
  (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute__name",
  (SELECT n."name" FROM "immigration_course" n WHERE n.id = r."course_id") AS "course__name", (SELECT n."stage_name" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage__stage_name",
  (
    SELECT n."intake_date"
    FROM "immigration_institute_intake" n
    WHERE n.id = r."start_date_id"
  ) AS "start_date__intake_date", r."created_at"
FROM immigration_collegeapplication r
WHERE r.deleted_at IS NULL
  AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND true
  )
ORDER BY r.created_at DESC, r.id DESC
LIMIT 10;

COMMIT;

-- GET /api/v1/college-applications/dashboard-statistics/, for one branch

BEGIN;

WITH seen AS MATERIALIZED (
  SELECT r.application_type_id, r.institute_id, r.stage_id, r.start_date_id, r.assigned_to_id
  FROM immigration_collegeapplication r
  WHERE r.deleted_at IS NULL
    AND EXISTS (
      SELECT
      FROM immigration_client c
      WHERE c.id = "r"."client_id"
        AND c.deleted_at IS NULL
        AND "c"."branch_id" = ANY ($1::bigint[])
    )
)
SELECT 'all' AS what, 1 AS place, NULL::bigint AS id, NULL::text AS name, NULL::date AS day, count(*) AS count,
  count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned
FROM seen r
UNION ALL
SELECT 'intake', row_number() OVER (ORDER BY i.intake_date), NULL, NULL, i.intake_date, sum(reached.count)::bigint,
  0
FROM (
  SELECT r.start_date_id, count(*) AS count
  FROM seen r
  WHERE NOT EXISTS (
    SELECT
    FROM immigration_stage s
      JOIN immigration_stage l ON l.application_type_id = s.application_type_id
      AND l.position > s.position
    WHERE s.id = r.stage_id
  )
  GROUP BY r.start_date_id
) reached
  JOIN immigration_institute_intake i ON i.id = reached.start_date_id
WHERE true
GROUP BY i.intake_date
UNION ALL (
  SELECT $2::text, row_number() OVER (ORDER BY used.count DESC, t."title", t.id), t.id, t."title", NULL,
    used.count, 0
  FROM (SELECT r."application_type_id" AS id, count(*) AS count FROM seen r GROUP BY 1) used
    JOIN "immigration_applicationtype" t ON t.id = used.id
  ORDER BY used.count DESC, t."title", t.id
  LIMIT 5
)
UNION ALL (
  SELECT $3::text, row_number() OVER (ORDER BY used.count DESC, t."name", t.id), t.id, t."name", NULL,
    used.count, 0
  FROM (SELECT r."institute_id" AS id, count(*) AS count FROM seen r GROUP BY 1) used
    JOIN "immigration_institute" t ON t.id = used.id
  ORDER BY used.count DESC, t."name", t.id
  LIMIT 5
);

SELECT r."id", (SELECT n."first_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__first_name",
  (SELECT n."last_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__last_name",
  (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute__name",
  (SELECT n."name" FROM "immigration_course" n WHERE n.id = r."course_id") AS "course__name", (SELECT n."stage_name" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage__stage_name",
  (
    SELECT n."intake_date"
    FROM "immigration_institute_intake" n
    WHERE n.id = r."start_date_id"
  ) AS "start_date__intake_date", r."created_at"
FROM immigration_collegeapplication r
WHERE r.deleted_at IS NULL
  AND EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND "c"."branch_id" = ANY ($1::bigint[])
  )
ORDER BY r.created_at DESC, r.id DESC
LIMIT 10;

COMMIT;

-- GET /api/v1/college-applications/stage-counts/: 200

BEGIN;

SELECT r."id" AS "stage_id", r."stage_name", r."position", coalesce(counted.count, 0) AS "count"
FROM immigration_stage r
  JOIN immigration_applicationtype t ON t.id = r.application_type_id
  AND t.deleted_at IS NULL
  LEFT JOIN (
    SELECT r.stage_id, count(*) AS count
    FROM immigration_collegeapplication r
    WHERE r.deleted_at IS NULL
      AND EXISTS (
        SELECT
        FROM immigration_client c
        WHERE c.id = "r"."client_id"
          AND c.deleted_at IS NULL
          AND true
      )
    GROUP BY r.stage_id
  ) counted ON counted.stage_id = r.id
WHERE true
ORDER BY t.title, t.id, r.position;

COMMIT;

-- GET /api/v1/college-applications/stage-counts/, for one branch

BEGIN;

SELECT r."id" AS "stage_id", r."stage_name", r."position", coalesce(counted.count, 0) AS "count"
FROM immigration_stage r
  JOIN immigration_applicationtype t ON t.id = r.application_type_id
  AND t.deleted_at IS NULL
  LEFT JOIN (
    SELECT r.stage_id, count(*) AS count
    FROM immigration_collegeapplication r
    WHERE r.deleted_at IS NULL
      AND EXISTS (
        SELECT
        FROM immigration_client c
        WHERE c.id = "r"."client_id"
          AND c.deleted_at IS NULL
          AND "c"."branch_id" = ANY ($1::bigint[])
      )
    GROUP BY r.stage_id
  ) counted ON counted.stage_id = r.id
WHERE true
ORDER BY t.title, t.id, r.position;

COMMIT;

-- GET /api/v1/college-applications/:id/: 200

BEGIN;

SELECT c.branch_id AS branch
FROM "immigration_collegeapplication" a
  JOIN immigration_client c ON c.id = a.client_id
WHERE a.id = $1::bigint;

SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_id" AS "stage", (SELECT n."stage_name" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_name",
  (SELECT n."position" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_position", NOT EXISTS (
    SELECT
    FROM immigration_stage s
      JOIN immigration_stage l ON l.application_type_id = s.application_type_id
      AND l.position > s.position
    WHERE s.id = r.stage_id
  ) AS "is_final_stage", r."client_id" AS "client", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_client n
    WHERE n.id = r."client_id"
  ) AS "client_name", r."institute_id" AS "institute", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."course_id" AS "course", (SELECT n."name" FROM "immigration_course" n WHERE n.id = r."course_id") AS "course_name",
  r."start_date_id" AS "start_date", (
    SELECT n."intake_date"
    FROM "immigration_institute_intake" n
    WHERE n.id = r."start_date_id"
  ) AS "intake_date", r."location_id" AS "location", r."finish_date", r."total_tuition_fee", r."student_id",
  r."super_agent_id" AS "super_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."super_agent_id") AS "super_agent_name",
  r."sub_agent_id" AS "sub_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."sub_agent_id") AS "sub_agent_name",
  r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."notes", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at", (
    SELECT n."state"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_state", (
    SELECT n."country"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_country"
FROM "immigration_collegeapplication" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL;

COMMIT;

-- PATCH /api/v1/college-applications/:id/: 200

BEGIN;

SELECT c.branch_id AS branch
FROM "immigration_collegeapplication" a
  JOIN immigration_client c ON c.id = a.client_id
WHERE a.id = $1::bigint;

SELECT r.*
FROM "immigration_collegeapplication" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

SELECT deleted_at IS NOT NULL AS deleted
FROM immigration_institute
WHERE id = $1
FOR KEY SHARE;

SELECT deleted_at IS NOT NULL AS deleted, institute_id AS institute
FROM "immigration_course"
WHERE id = $1
FOR KEY SHARE;

SELECT deleted_at IS NOT NULL AS deleted, institute_id AS institute
FROM "immigration_institute_intake"
WHERE id = $1
FOR KEY SHARE;

SELECT deleted_at IS NOT NULL AS deleted, institute_id AS institute
FROM "immigration_institute_location"
WHERE id = $1
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_collegeapplication"
  SET "institute_id" = $1, "course_id" = $2, "start_date_id" = $3, "location_id" = $4, "total_tuition_fee" = $5,
    "updated_by_id" = $6, "updated_at" = now()
  WHERE id = $7::bigint
  RETURNING *
)
SELECT r."id", r."application_type_id" AS "application_type", (
  SELECT n."title"
  FROM "immigration_applicationtype" n
  WHERE n.id = r."application_type_id"
) AS "application_type_title", r."stage_id" AS "stage", (SELECT n."stage_name" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_name",
  (SELECT n."position" FROM "immigration_stage" n WHERE n.id = r."stage_id") AS "stage_position", NOT EXISTS (
    SELECT
    FROM immigration_stage s
      JOIN immigration_stage l ON l.application_type_id = s.application_type_id
      AND l.position > s.position
    WHERE s.id = r.stage_id
  ) AS "is_final_stage", r."client_id" AS "client", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_client n
    WHERE n.id = r."client_id"
  ) AS "client_name", r."institute_id" AS "institute", (SELECT n."name" FROM "immigration_institute" n WHERE n.id = r."institute_id") AS "institute_name",
  r."course_id" AS "course", (SELECT n."name" FROM "immigration_course" n WHERE n.id = r."course_id") AS "course_name",
  r."start_date_id" AS "start_date", (
    SELECT n."intake_date"
    FROM "immigration_institute_intake" n
    WHERE n.id = r."start_date_id"
  ) AS "intake_date", r."location_id" AS "location", r."finish_date", r."total_tuition_fee", r."student_id",
  r."super_agent_id" AS "super_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."super_agent_id") AS "super_agent_name",
  r."sub_agent_id" AS "sub_agent", (SELECT n.agent_name FROM "immigration_agent" n WHERE n.id = r."sub_agent_id") AS "sub_agent_name",
  r."assigned_to_id" AS "assigned_to", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."notes", r."created_by_id" AS "created_by", r."created_at", r."updated_by_id" AS "updated_by",
  r."updated_at", (
    SELECT n."state"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_state", (
    SELECT n."country"
    FROM "immigration_institute_location" n
    WHERE n.id = r."location_id"
  ) AS "location_country"
FROM changed r;

COMMIT;

-- DELETE /api/v1/college-applications/:id/: 204

BEGIN;

SELECT c.branch_id AS branch
FROM "immigration_collegeapplication" a
  JOIN immigration_client c ON c.id = a.client_id
WHERE a.id = $1::bigint;

SELECT r.*
FROM "immigration_collegeapplication" r
WHERE r.id = $1::bigint
  AND r.deleted_at IS NULL
FOR NO KEY UPDATE;

-- next round trip

UPDATE "immigration_collegeapplication"
SET "deleted_at" = now(), "updated_by_id" = $1, "updated_at" = now()
WHERE id = $2::bigint;

COMMIT;
