-- GET /api/v1/reports/client-stages/: 200

BEGIN;

SELECT s.stage, s.clients, s.reached, f.all_clients
FROM (
  SELECT count(*) AS all_clients, count(*) FILTER (WHERE c.stage = $1::text) AS "now_LEAD", count(*) FILTER (WHERE c.stage = $2::text OR "been_LEAD") AS "ever_LEAD",
    count(*) FILTER (WHERE c.stage = $3::text) AS "now_FOLLOW_UP", count(*) FILTER (WHERE c.stage = $4::text OR "been_FOLLOW_UP") AS "ever_FOLLOW_UP",
    count(*) FILTER (WHERE c.stage = $5::text) AS "now_CLIENT", count(*) FILTER (WHERE c.stage = $6::text OR "been_CLIENT") AS "ever_CLIENT",
    count(*) FILTER (WHERE c.stage = $7::text) AS "now_CLOSE", count(*) FILTER (WHERE c.stage = $8::text OR "been_CLOSE") AS "ever_CLOSE"
  FROM immigration_client c
    LEFT JOIN (
      SELECT m.client_id, bool_or($9::text IN (m.to_stage, m.from_stage)) AS "been_LEAD", bool_or($10::text IN (m.to_stage, m.from_stage)) AS "been_FOLLOW_UP",
        bool_or($11::text IN (m.to_stage, m.from_stage)) AS "been_CLIENT", bool_or($12::text IN (m.to_stage, m.from_stage)) AS "been_CLOSE"
      FROM (
        SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($13::text[]) THEN e.told END AS from_stage
        FROM (
          SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
            split_part(a.description, ' from ', 2) COLLATE "C" AS told
          FROM immigration_clientactivity a
          WHERE a.activity_type = 'STAGE_CHANGED'
          OFFSET 0
        ) e
        WHERE e.to_stage = ANY ($14::text[])
      ) m
      GROUP BY m.client_id
    ) m ON m.client_id = c.id
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND true
    AND true
    AND (true AND true)
) f
  CROSS JOIN LATERAL (
    VALUES ($15::text, "now_LEAD", "ever_LEAD", $16::integer), ($17::text, "now_FOLLOW_UP", "ever_FOLLOW_UP", $18::integer),
      ($19::text, "now_CLIENT", "ever_CLIENT", $20::integer), ($21::text, "now_CLOSE", "ever_CLOSE", $22::integer)
  ) s (stage, clients, reached, place)
ORDER BY s.place;

COMMIT;

-- GET /api/v1/reports/client-stages/, for one branch

BEGIN;

SELECT s.stage, s.clients, s.reached, f.all_clients
FROM (
  SELECT count(*) AS all_clients, count(*) FILTER (WHERE c.stage = $1::text) AS "now_LEAD", count(*) FILTER (WHERE c.stage = $2::text OR "been_LEAD") AS "ever_LEAD",
    count(*) FILTER (WHERE c.stage = $3::text) AS "now_FOLLOW_UP", count(*) FILTER (WHERE c.stage = $4::text OR "been_FOLLOW_UP") AS "ever_FOLLOW_UP",
    count(*) FILTER (WHERE c.stage = $5::text) AS "now_CLIENT", count(*) FILTER (WHERE c.stage = $6::text OR "been_CLIENT") AS "ever_CLIENT",
    count(*) FILTER (WHERE c.stage = $7::text) AS "now_CLOSE", count(*) FILTER (WHERE c.stage = $8::text OR "been_CLOSE") AS "ever_CLOSE"
  FROM immigration_client c
    LEFT JOIN (
      SELECT m.client_id, bool_or($9::text IN (m.to_stage, m.from_stage)) AS "been_LEAD", bool_or($10::text IN (m.to_stage, m.from_stage)) AS "been_FOLLOW_UP",
        bool_or($11::text IN (m.to_stage, m.from_stage)) AS "been_CLIENT", bool_or($12::text IN (m.to_stage, m.from_stage)) AS "been_CLOSE"
      FROM (
        SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($13::text[]) THEN e.told END AS from_stage
        FROM (
          SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
            split_part(a.description, ' from ', 2) COLLATE "C" AS told
          FROM immigration_clientactivity a
          WHERE a.activity_type = 'STAGE_CHANGED'
          OFFSET 0
        ) e
        WHERE e.to_stage = ANY ($14::text[])
      ) m
      GROUP BY m.client_id
    ) m ON m.client_id = c.id
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND "c"."branch_id" = ANY ($15::bigint[])
    AND true
    AND (true AND true)
) f
  CROSS JOIN LATERAL (
    VALUES ($16::text, "now_LEAD", "ever_LEAD", $17::integer), ($18::text, "now_FOLLOW_UP", "ever_FOLLOW_UP", $19::integer),
      ($20::text, "now_CLIENT", "ever_CLIENT", $21::integer), ($22::text, "now_CLOSE", "ever_CLOSE", $23::integer)
  ) s (stage, clients, reached, place)
ORDER BY s.place;

COMMIT;

-- GET /api/v1/reports/stage-conversions/: 200

BEGIN;

SELECT f.*, sum(f.moves) OVER (PARTITION BY f.from_stage)::bigint AS all_moves
FROM (
  SELECT m.from_stage, m.to_stage, count(*) AS moves, count(DISTINCT m.client_id) AS clients
  FROM (
    SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($1::text[]) THEN e.told END AS from_stage
    FROM (
      SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
        split_part(a.description, ' from ', 2) COLLATE "C" AS told
      FROM immigration_clientactivity a
      WHERE a.activity_type = 'STAGE_CHANGED'
      OFFSET 0
    ) e
    WHERE e.to_stage = ANY ($2::text[])
  ) m
    JOIN immigration_client c ON c.id = m.client_id
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND true
    AND true
    AND (true AND true)
  GROUP BY m.from_stage, m.to_stage
) f
  LEFT JOIN (
    SELECT *
    FROM (
      SELECT stage COLLATE "C" AS stage, place
      FROM unnest($3::text[])
      WITH ORDINALITY AS u (stage, place)
    ) s
  ) a ON a.stage = f.from_stage
  JOIN (
    SELECT *
    FROM (
      SELECT stage COLLATE "C" AS stage, place
      FROM unnest($4::text[])
      WITH ORDINALITY AS u (stage, place)
    ) s
  ) b ON b.stage = f.to_stage
ORDER BY a.place, b.place;

COMMIT;

-- GET /api/v1/reports/stage-conversions/, for one branch

BEGIN;

SELECT f.*, sum(f.moves) OVER (PARTITION BY f.from_stage)::bigint AS all_moves
FROM (
  SELECT m.from_stage, m.to_stage, count(*) AS moves, count(DISTINCT m.client_id) AS clients
  FROM (
    SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($1::text[]) THEN e.told END AS from_stage
    FROM (
      SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
        split_part(a.description, ' from ', 2) COLLATE "C" AS told
      FROM immigration_clientactivity a
      WHERE a.activity_type = 'STAGE_CHANGED'
      OFFSET 0
    ) e
    WHERE e.to_stage = ANY ($2::text[])
  ) m
    JOIN immigration_client c ON c.id = m.client_id
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND "c"."branch_id" = ANY ($3::bigint[])
    AND true
    AND (true AND true)
  GROUP BY m.from_stage, m.to_stage
) f
  LEFT JOIN (
    SELECT *
    FROM (
      SELECT stage COLLATE "C" AS stage, place
      FROM unnest($4::text[])
      WITH ORDINALITY AS u (stage, place)
    ) s
  ) a ON a.stage = f.from_stage
  JOIN (
    SELECT *
    FROM (
      SELECT stage COLLATE "C" AS stage, place
      FROM unnest($5::text[])
      WITH ORDINALITY AS u (stage, place)
    ) s
  ) b ON b.stage = f.to_stage
ORDER BY a.place, b.place;

COMMIT;

-- GET /api/v1/reports/time-in-stage/: 200

BEGIN;

WITH counted AS MATERIALIZED (
  SELECT c.id, c.stage::text COLLATE "C" AS stage, c.created_at
  FROM immigration_client c
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND true
    AND true
), moves AS MATERIALIZED (
  SELECT m.*, lag(m.id) OVER one_client AS previous, lead(m.at) OVER one_client AS left_at, lead(m.from_stage) OVER one_client AS left_stage,
    counted.stage AS stage_now, counted.created_at
  FROM (
    SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($1::text[]) THEN e.told END AS from_stage
    FROM (
      SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
        split_part(a.description, ' from ', 2) COLLATE "C" AS told
      FROM immigration_clientactivity a
      WHERE a.activity_type = 'STAGE_CHANGED'
      OFFSET 0
    ) e
    WHERE e.to_stage = ANY ($2::text[])
  ) m
    JOIN counted ON counted.id = m.client_id WINDOW one_client AS (PARTITION BY m.client_id ORDER BY m.id)
), stays AS (
  SELECT to_stage AS stage, at AS since, left_at AS until
  FROM moves
  WHERE CASE WHEN left_at IS NULL THEN to_stage = stage_now ELSE left_stage IS NULL
    OR left_stage = to_stage END
  UNION ALL
  SELECT from_stage, created_at, at
  FROM moves
  WHERE previous IS NULL
  UNION ALL
  SELECT stage, created_at, NULL
  FROM counted
  WHERE NOT EXISTS (SELECT FROM moves WHERE moves.client_id = counted.id)
), timed AS (
  SELECT stage, until IS NULL AS lasts, greatest(date_part('epoch', coalesce(until, $3::timestamptz) - since) / 86400, 0) AS days
  FROM stays
  WHERE until IS NULL
    OR (true AND true)
)
SELECT s.stage, coalesce(f.stays, 0) AS stays, f.average_days, f.median_days, coalesce(f.clients_now, 0) AS clients_now,
  f.average_days_now, f.median_days_now
FROM (
  SELECT stage COLLATE "C" AS stage, place
  FROM unnest($4::text[])
  WITH ORDINALITY AS u (stage, place)
) s
  LEFT JOIN (
    SELECT stage, count(*) FILTER (WHERE NOT lasts) AS stays, count(*) FILTER (WHERE lasts) AS clients_now,
      round((avg(days) FILTER (WHERE NOT lasts))::numeric, 1)::float8 AS average_days, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE NOT lasts))::numeric,
      1)::float8 AS median_days, round((avg(days) FILTER (WHERE lasts))::numeric, 1)::float8 AS average_days_now,
      round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE lasts))::numeric, 1)::float8 AS median_days_now
    FROM timed
    GROUP BY stage
  ) f ON f.stage = s.stage
ORDER BY s.place;

COMMIT;

-- GET /api/v1/reports/time-in-stage/, for one branch

BEGIN;

WITH counted AS MATERIALIZED (
  SELECT c.id, c.stage::text COLLATE "C" AS stage, c.created_at
  FROM immigration_client c
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND "c"."branch_id" = ANY ($1::bigint[])
    AND true
), moves AS MATERIALIZED (
  SELECT m.*, lag(m.id) OVER one_client AS previous, lead(m.at) OVER one_client AS left_at, lead(m.from_stage) OVER one_client AS left_stage,
    counted.stage AS stage_now, counted.created_at
  FROM (
    SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($2::text[]) THEN e.told END AS from_stage
    FROM (
      SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
        split_part(a.description, ' from ', 2) COLLATE "C" AS told
      FROM immigration_clientactivity a
      WHERE a.activity_type = 'STAGE_CHANGED'
      OFFSET 0
    ) e
    WHERE e.to_stage = ANY ($3::text[])
  ) m
    JOIN counted ON counted.id = m.client_id WINDOW one_client AS (PARTITION BY m.client_id ORDER BY m.id)
), stays AS (
  SELECT to_stage AS stage, at AS since, left_at AS until
  FROM moves
  WHERE CASE WHEN left_at IS NULL THEN to_stage = stage_now ELSE left_stage IS NULL
    OR left_stage = to_stage END
  UNION ALL
  SELECT from_stage, created_at, at
  FROM moves
  WHERE previous IS NULL
  UNION ALL
  SELECT stage, created_at, NULL
  FROM counted
  WHERE NOT EXISTS (SELECT FROM moves WHERE moves.client_id = counted.id)
), timed AS (
  SELECT stage, until IS NULL AS lasts, greatest(date_part('epoch', coalesce(until, $4::timestamptz) - since) / 86400, 0) AS days
  FROM stays
  WHERE until IS NULL
    OR (true AND true)
)
SELECT s.stage, coalesce(f.stays, 0) AS stays, f.average_days, f.median_days, coalesce(f.clients_now, 0) AS clients_now,
  f.average_days_now, f.median_days_now
FROM (
  SELECT stage COLLATE "C" AS stage, place
  FROM unnest($5::text[])
  WITH ORDINALITY AS u (stage, place)
) s
  LEFT JOIN (
    SELECT stage, count(*) FILTER (WHERE NOT lasts) AS stays, count(*) FILTER (WHERE lasts) AS clients_now,
      round((avg(days) FILTER (WHERE NOT lasts))::numeric, 1)::float8 AS average_days, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE NOT lasts))::numeric,
      1)::float8 AS median_days, round((avg(days) FILTER (WHERE lasts))::numeric, 1)::float8 AS average_days_now,
      round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE lasts))::numeric, 1)::float8 AS median_days_now
    FROM timed
    GROUP BY stage
  ) f ON f.stage = s.stage
ORDER BY s.place;

COMMIT;

-- GET /api/v1/reports/visa-applications/: 200

BEGIN;

SELECT t.id AS visa_type, t.name AS visa_type_name, k.id AS visa_category, k.name AS visa_category_name,
  "f"."to_be_applied", "f"."visa_applied", "f"."case_opened", "f"."granted", "f"."rejected", "f"."withdrawn",
  "f"."applications"
FROM (
  SELECT r.visa_type_id, count(*) FILTER (WHERE r.status = $1) AS "to_be_applied", count(*) FILTER (WHERE r.status = $2) AS "visa_applied",
    count(*) FILTER (WHERE r.status = $3) AS "case_opened", count(*) FILTER (WHERE r.status = $4) AS "granted",
    count(*) FILTER (WHERE r.status = $5) AS "rejected", count(*) FILTER (WHERE r.status = $6) AS "withdrawn",
    count(*) AS applications
  FROM immigration_visaapplication r
    JOIN immigration_client c ON c.id = r.client_id
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND true
    AND true
    AND (true AND true)
  GROUP BY r.visa_type_id
) f
  JOIN immigration_visatype t ON t.id = f.visa_type_id
  JOIN immigration_visacategory k ON k.id = t.visa_category_id
ORDER BY "f"."applications" DESC, t.name, t.id;

COMMIT;

-- GET /api/v1/reports/visa-applications/, for one branch

BEGIN;

SELECT t.id AS visa_type, t.name AS visa_type_name, k.id AS visa_category, k.name AS visa_category_name,
  "f"."to_be_applied", "f"."visa_applied", "f"."case_opened", "f"."granted", "f"."rejected", "f"."withdrawn",
  "f"."applications"
FROM (
  SELECT r.visa_type_id, count(*) FILTER (WHERE r.status = $1) AS "to_be_applied", count(*) FILTER (WHERE r.status = $2) AS "visa_applied",
    count(*) FILTER (WHERE r.status = $3) AS "case_opened", count(*) FILTER (WHERE r.status = $4) AS "granted",
    count(*) FILTER (WHERE r.status = $5) AS "rejected", count(*) FILTER (WHERE r.status = $6) AS "withdrawn",
    count(*) AS applications
  FROM immigration_visaapplication r
    JOIN immigration_client c ON c.id = r.client_id
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND "c"."branch_id" = ANY ($7::bigint[])
    AND true
    AND (true AND true)
  GROUP BY r.visa_type_id
) f
  JOIN immigration_visatype t ON t.id = f.visa_type_id
  JOIN immigration_visacategory k ON k.id = t.visa_category_id
ORDER BY "f"."applications" DESC, t.name, t.id;

COMMIT;

-- GET /api/v1/reports/visa-decisions/: 200

BEGIN;

SELECT t.id AS visa_type, t.name AS visa_type_name, k.id AS visa_category, k.name AS visa_category_name,
  "f"."granted", "f"."rejected", "f"."withdrawn", "f"."undated"
FROM (
  SELECT *, granted + rejected AS decided
  FROM (
    SELECT r.visa_type_id, count(*) FILTER (WHERE r.status = $1 AND (true AND true)) AS "granted", count(*) FILTER (WHERE r.status = $2 AND (true AND true)) AS "rejected",
      count(*) FILTER (WHERE r.status = $3 AND (true AND true)) AS "withdrawn", count(*) FILTER (WHERE r.status = $4 AND "r"."date_granted" IS NULL OR r.status = $5 AND "r"."date_rejected" IS NULL OR r.status = $6 AND "r"."date_withdrawn" IS NULL) AS undated
    FROM immigration_visaapplication r
      JOIN immigration_client c ON c.id = r.client_id
    WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
      AND true
      AND true
    GROUP BY r.visa_type_id
  ) p
  WHERE granted + rejected + withdrawn + undated > 0
) f
  JOIN immigration_visatype t ON t.id = f.visa_type_id
  JOIN immigration_visacategory k ON k.id = t.visa_category_id
ORDER BY "f"."decided" DESC, t.name, t.id;

COMMIT;

-- GET /api/v1/reports/visa-decisions/, for one branch

BEGIN;

SELECT t.id AS visa_type, t.name AS visa_type_name, k.id AS visa_category, k.name AS visa_category_name,
  "f"."granted", "f"."rejected", "f"."withdrawn", "f"."undated"
FROM (
  SELECT *, granted + rejected AS decided
  FROM (
    SELECT r.visa_type_id, count(*) FILTER (WHERE r.status = $1 AND (true AND true)) AS "granted", count(*) FILTER (WHERE r.status = $2 AND (true AND true)) AS "rejected",
      count(*) FILTER (WHERE r.status = $3 AND (true AND true)) AS "withdrawn", count(*) FILTER (WHERE r.status = $4 AND "r"."date_granted" IS NULL OR r.status = $5 AND "r"."date_rejected" IS NULL OR r.status = $6 AND "r"."date_withdrawn" IS NULL) AS undated
    FROM immigration_visaapplication r
      JOIN immigration_client c ON c.id = r.client_id
    WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
      AND "c"."branch_id" = ANY ($7::bigint[])
      AND true
    GROUP BY r.visa_type_id
  ) p
  WHERE granted + rejected + withdrawn + undated > 0
) f
  JOIN immigration_visatype t ON t.id = f.visa_type_id
  JOIN immigration_visacategory k ON k.id = t.visa_category_id
ORDER BY "f"."decided" DESC, t.name, t.id;

COMMIT;

-- GET /api/v1/reports/college-applications/: 200

BEGIN;

SELECT t.id AS application_type, t.title AS application_type_title, s.id AS stage, s.stage_name, s."position" AS stage_position,
  f.applications, sum(f.applications) OVER (PARTITION BY t.id)::bigint AS all_applications
FROM (
  SELECT r.stage_id, r.application_type_id, count(*) AS applications
  FROM immigration_collegeapplication r
    JOIN immigration_client c ON c.id = r.client_id
  WHERE r.deleted_at IS NULL
    AND (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND true
    AND true
    AND (true AND true)
  GROUP BY r.stage_id, r.application_type_id
) f
  JOIN immigration_applicationtype t ON t.id = f.application_type_id
  JOIN immigration_stage s ON s.id = f.stage_id
ORDER BY t.title, t.id, s."position", s.id;

COMMIT;

-- GET /api/v1/reports/college-applications/, for one branch

BEGIN;

SELECT t.id AS application_type, t.title AS application_type_title, s.id AS stage, s.stage_name, s."position" AS stage_position,
  f.applications, sum(f.applications) OVER (PARTITION BY t.id)::bigint AS all_applications
FROM (
  SELECT r.stage_id, r.application_type_id, count(*) AS applications
  FROM immigration_collegeapplication r
    JOIN immigration_client c ON c.id = r.client_id
  WHERE r.deleted_at IS NULL
    AND (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND "c"."branch_id" = ANY ($1::bigint[])
    AND true
    AND (true AND true)
  GROUP BY r.stage_id, r.application_type_id
) f
  JOIN immigration_applicationtype t ON t.id = f.application_type_id
  JOIN immigration_stage s ON s.id = f.stage_id
ORDER BY t.title, t.id, s."position", s.id;

COMMIT;

-- GET /api/v1/reports/workload/: 200

BEGIN;

SELECT f.branch_id AS branch, b.name AS branch_name, f.assigned_to_id AS assigned_to, (
  SELECT trim("u"."first_name" || ' ' || "u"."last_name")
  FROM immigration_user u
  WHERE u.id = "f"."assigned_to_id"
) AS assigned_to_name, "f"."clients", "f"."visa_applications", "f"."college_applications", "f"."tasks",
  "f"."overdue_tasks"
FROM (
  SELECT branch_id, assigned_to_id, sum("clients")::bigint AS "clients", sum("visa_applications")::bigint AS "visa_applications",
    sum("college_applications")::bigint AS "college_applications", sum("tasks")::bigint AS "tasks", sum("overdue_tasks")::bigint AS "overdue_tasks"
  FROM (
    SELECT branch_id, assigned_to_id, count(*) FILTER (WHERE true) AS "clients", 0::bigint AS "visa_applications",
      0::bigint AS "college_applications", 0::bigint AS "tasks", 0::bigint AS "overdue_tasks"
    FROM (
      SELECT c.branch_id, c.assigned_to_id, false AS is_overdue
      FROM immigration_client c
      WHERE c.stage <> 'CLOSE'
        AND c.deleted_at IS NULL
        AND true
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
    UNION ALL
    SELECT branch_id, assigned_to_id, 0::bigint AS "clients", count(*) FILTER (WHERE true) AS "visa_applications",
      0::bigint AS "college_applications", 0::bigint AS "tasks", 0::bigint AS "overdue_tasks"
    FROM (
      SELECT c.branch_id, r.assigned_to_id, false AS is_overdue
      FROM immigration_visaapplication r
        JOIN immigration_client c ON c.id = r.client_id
      WHERE r.status NOT IN ('GRANTED', 'REJECTED', 'WITHDRAWN')
        AND c.deleted_at IS NULL
        AND true
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
    UNION ALL
    SELECT branch_id, assigned_to_id, 0::bigint AS "clients", 0::bigint AS "visa_applications", count(*) FILTER (WHERE true) AS "college_applications",
      0::bigint AS "tasks", 0::bigint AS "overdue_tasks"
    FROM (
      SELECT c.branch_id, r.assigned_to_id, false AS is_overdue
      FROM immigration_collegeapplication r
        JOIN immigration_client c ON c.id = r.client_id
      WHERE r.deleted_at IS NULL
        AND NOT NOT EXISTS (
          SELECT
          FROM immigration_stage s
            JOIN immigration_stage l ON l.application_type_id = s.application_type_id
            AND l.position > s.position
          WHERE s.id = r.stage_id
        )
        AND c.deleted_at IS NULL
        AND true
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
    UNION ALL
    SELECT branch_id, assigned_to_id, 0::bigint AS "clients", 0::bigint AS "visa_applications", 0::bigint AS "college_applications",
      count(*) FILTER (WHERE true) AS "tasks", count(*) FILTER (WHERE p.is_overdue) AS "overdue_tasks"
    FROM (
      SELECT coalesce(r.branch_id, c.branch_id) AS branch_id, r.assigned_to_id, r.due_date < $1::timestamptz AS is_overdue
      FROM immigration_task r
        LEFT JOIN django_content_type t ON t.id = r.content_type_id
        AND t.app_label = 'immigration'
        LEFT JOIN immigration_visaapplication v ON t.model = 'visaapplication'
        AND v.id = r.object_id
        LEFT JOIN immigration_collegeapplication o ON t.model = 'collegeapplication'
        AND o.id = r.object_id
        LEFT JOIN immigration_client c ON c.id = CASE t.model WHEN 'client' THEN r.object_id ELSE coalesce(v.client_id, o.client_id) END
      WHERE r.status NOT IN ('COMPLETED', 'CANCELLED')
        AND true
        AND true
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
  ) w
  GROUP BY branch_id, assigned_to_id
) f
  LEFT JOIN immigration_branch b ON b.id = f.branch_id
ORDER BY b.name, f.branch_id, assigned_to_name, f.assigned_to_id;

COMMIT;

-- GET /api/v1/reports/workload/, for one branch

BEGIN;

SELECT f.branch_id AS branch, b.name AS branch_name, f.assigned_to_id AS assigned_to, (
  SELECT trim("u"."first_name" || ' ' || "u"."last_name")
  FROM immigration_user u
  WHERE u.id = "f"."assigned_to_id"
) AS assigned_to_name, "f"."clients", "f"."visa_applications", "f"."college_applications", "f"."tasks",
  "f"."overdue_tasks"
FROM (
  SELECT branch_id, assigned_to_id, sum("clients")::bigint AS "clients", sum("visa_applications")::bigint AS "visa_applications",
    sum("college_applications")::bigint AS "college_applications", sum("tasks")::bigint AS "tasks", sum("overdue_tasks")::bigint AS "overdue_tasks"
  FROM (
    SELECT branch_id, assigned_to_id, count(*) FILTER (WHERE true) AS "clients", 0::bigint AS "visa_applications",
      0::bigint AS "college_applications", 0::bigint AS "tasks", 0::bigint AS "overdue_tasks"
    FROM (
      SELECT c.branch_id, c.assigned_to_id, false AS is_overdue
      FROM immigration_client c
      WHERE c.stage <> 'CLOSE'
        AND c.deleted_at IS NULL
        AND "c"."branch_id" = ANY ($1::bigint[])
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
    UNION ALL
    SELECT branch_id, assigned_to_id, 0::bigint AS "clients", count(*) FILTER (WHERE true) AS "visa_applications",
      0::bigint AS "college_applications", 0::bigint AS "tasks", 0::bigint AS "overdue_tasks"
    FROM (
      SELECT c.branch_id, r.assigned_to_id, false AS is_overdue
      FROM immigration_visaapplication r
        JOIN immigration_client c ON c.id = r.client_id
      WHERE r.status NOT IN ('GRANTED', 'REJECTED', 'WITHDRAWN')
        AND c.deleted_at IS NULL
        AND "c"."branch_id" = ANY ($2::bigint[])
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
    UNION ALL
    SELECT branch_id, assigned_to_id, 0::bigint AS "clients", 0::bigint AS "visa_applications", count(*) FILTER (WHERE true) AS "college_applications",
      0::bigint AS "tasks", 0::bigint AS "overdue_tasks"
    FROM (
      SELECT c.branch_id, r.assigned_to_id, false AS is_overdue
      FROM immigration_collegeapplication r
        JOIN immigration_client c ON c.id = r.client_id
      WHERE r.deleted_at IS NULL
        AND NOT NOT EXISTS (
          SELECT
          FROM immigration_stage s
            JOIN immigration_stage l ON l.application_type_id = s.application_type_id
            AND l.position > s.position
          WHERE s.id = r.stage_id
        )
        AND c.deleted_at IS NULL
        AND "c"."branch_id" = ANY ($3::bigint[])
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
    UNION ALL
    SELECT branch_id, assigned_to_id, 0::bigint AS "clients", 0::bigint AS "visa_applications", 0::bigint AS "college_applications",
      count(*) FILTER (WHERE true) AS "tasks", count(*) FILTER (WHERE p.is_overdue) AS "overdue_tasks"
    FROM (
      SELECT coalesce(r.branch_id, c.branch_id) AS branch_id, r.assigned_to_id, r.due_date < $4::timestamptz AS is_overdue
      FROM immigration_task r
        LEFT JOIN django_content_type t ON t.id = r.content_type_id
        AND t.app_label = 'immigration'
        LEFT JOIN immigration_visaapplication v ON t.model = 'visaapplication'
        AND v.id = r.object_id
        LEFT JOIN immigration_collegeapplication o ON t.model = 'collegeapplication'
        AND o.id = r.object_id
        LEFT JOIN immigration_client c ON c.id = CASE t.model WHEN 'client' THEN r.object_id ELSE coalesce(v.client_id, o.client_id) END
      WHERE r.status NOT IN ('COMPLETED', 'CANCELLED')
        AND (r.assigned_to_id = $5 OR r.assigned_by_id = $6 OR r.created_by_id = $7 OR r.branch_id = ANY ($8::bigint[]) OR (r.content_type_id = (
          SELECT id
          FROM django_content_type
          WHERE app_label = 'immigration'
            AND model = 'client'
        ) AND EXISTS (
          SELECT
          FROM immigration_client c
          WHERE c.id = "r"."object_id"
            AND c.deleted_at IS NULL
            AND "c"."branch_id" = ANY ($9::bigint[])
        )))
        AND true
        AND (true AND true)
        AND true
    ) p
    GROUP BY branch_id, assigned_to_id
  ) w
  GROUP BY branch_id, assigned_to_id
) f
  LEFT JOIN immigration_branch b ON b.id = f.branch_id
ORDER BY b.name, f.branch_id, assigned_to_name, f.assigned_to_id;

COMMIT;

-- GET /api/v1/reports/lead-sources/: 200

BEGIN;

WITH leads AS MATERIALIZED (
  SELECT c.id, c.stage::text COLLATE "C" AS stage, c.agent_id, CASE WHEN c.agent_id IS NULL THEN btrim(c.referred_by)
      ELSE '' END AS referrer
  FROM immigration_client c
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND true
    AND true
    AND (true AND true)
), became AS (
  SELECT id
  FROM leads
  WHERE stage = 'CLIENT'
  UNION
  SELECT m.client_id
  FROM (
    SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($1::text[]) THEN e.told END AS from_stage
    FROM (
      SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
        split_part(a.description, ' from ', 2) COLLATE "C" AS told
      FROM immigration_clientactivity a
      WHERE a.activity_type = 'STAGE_CHANGED'
      OFFSET 0
    ) e
    WHERE e.to_stage = ANY ($2::text[])
  ) m
    JOIN leads ON leads.id = m.client_id
  WHERE 'CLIENT' IN (m.to_stage, m.from_stage)
)
SELECT CASE WHEN f.agent_id IS NOT NULL THEN 'AGENT' WHEN f.referrer <> '' THEN 'REFERRAL' ELSE 'UNKNOWN' END AS source,
  f.agent_id AS agent, coalesce(a.agent_name, f.referrer) AS name, "f"."lead", "f"."follow_up", "f"."client",
  "f"."close", "f"."clients", "f"."became_client"
FROM (
  SELECT l.agent_id, min(l.referrer COLLATE "C") AS referrer, count(*) FILTER (WHERE l.stage = $3) AS "lead",
    count(*) FILTER (WHERE l.stage = $4) AS "follow_up", count(*) FILTER (WHERE l.stage = $5) AS "client",
    count(*) FILTER (WHERE l.stage = $6) AS "close", count(*) AS clients, count(became.id) AS became_client
  FROM leads l
    LEFT JOIN became ON became.id = l.id
  GROUP BY l.agent_id, lower(normalize("l"."referrer", NFC))
) f
  LEFT JOIN immigration_agent a ON a.id = f.agent_id
ORDER BY f.clients DESC, source, name, agent;

COMMIT;

-- GET /api/v1/reports/lead-sources/, for one branch

BEGIN;

WITH leads AS MATERIALIZED (
  SELECT c.id, c.stage::text COLLATE "C" AS stage, c.agent_id, CASE WHEN c.agent_id IS NULL THEN btrim(c.referred_by)
      ELSE '' END AS referrer
  FROM immigration_client c
  WHERE (c.deleted_at IS NULL OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))
    AND "c"."branch_id" = ANY ($1::bigint[])
    AND true
    AND (true AND true)
), became AS (
  SELECT id
  FROM leads
  WHERE stage = 'CLIENT'
  UNION
  SELECT m.client_id
  FROM (
    SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY ($2::text[]) THEN e.told END AS from_stage
    FROM (
      SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
        split_part(a.description, ' from ', 2) COLLATE "C" AS told
      FROM immigration_clientactivity a
      WHERE a.activity_type = 'STAGE_CHANGED'
      OFFSET 0
    ) e
    WHERE e.to_stage = ANY ($3::text[])
  ) m
    JOIN leads ON leads.id = m.client_id
  WHERE 'CLIENT' IN (m.to_stage, m.from_stage)
)
SELECT CASE WHEN f.agent_id IS NOT NULL THEN 'AGENT' WHEN f.referrer <> '' THEN 'REFERRAL' ELSE 'UNKNOWN' END AS source,
  f.agent_id AS agent, coalesce(a.agent_name, f.referrer) AS name, "f"."lead", "f"."follow_up", "f"."client",
  "f"."close", "f"."clients", "f"."became_client"
FROM (
  SELECT l.agent_id, min(l.referrer COLLATE "C") AS referrer, count(*) FILTER (WHERE l.stage = $4) AS "lead",
    count(*) FILTER (WHERE l.stage = $5) AS "follow_up", count(*) FILTER (WHERE l.stage = $6) AS "client",
    count(*) FILTER (WHERE l.stage = $7) AS "close", count(*) AS clients, count(became.id) AS became_client
  FROM leads l
    LEFT JOIN became ON became.id = l.id
  GROUP BY l.agent_id, lower(normalize("l"."referrer", NFC))
) f
  LEFT JOIN immigration_agent a ON a.id = f.agent_id
ORDER BY f.clients DESC, source, name, agent;

COMMIT;
