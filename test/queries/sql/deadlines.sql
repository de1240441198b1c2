-- GET /api/v1/deadlines/: 200

BEGIN;

WITH found AS MATERIALIZED (
  SELECT f.record_id AS id, f.kind, f.record_id, c.id AS client_id, f.due_date, f.due_at, f.is_overdue,
    a.*
  FROM (
    SELECT x.kind, x.id AS record_id, x.client_id, x.due_date, NULL::timestamptz AS due_at, (x.due_date < $1::date) AS is_overdue,
      x.assigned_to_id, NULL::bigint AS branch_id
    FROM (
      SELECT 'PASSPORT'::text AS kind, 'passport'::text AS model, p.id, p.id AS client_id, NULL::bigint AS assigned_to_id,
        p.date_of_expiry AS due_date
      FROM immigration_passport p
      WHERE p.date_of_expiry IS NOT NULL
      UNION ALL
      SELECT 'VISA'::text, 'visaapplication'::text, a.id, a.client_id, a.assigned_to_id, a.expiry_date
      FROM immigration_visaapplication a
      WHERE a.expiry_date IS NOT NULL
        AND a.status NOT IN ('REJECTED', 'WITHDRAWN')
      UNION ALL
      SELECT 'INTAKE'::text, 'collegeapplication'::text, r.id, r.client_id, r.assigned_to_id, i.intake_date
      FROM immigration_collegeapplication r
        JOIN immigration_institute_intake i ON i.id = r.start_date_id
      WHERE r.deleted_at IS NULL
        AND EXISTS (
          SELECT
          FROM immigration_stage s
            JOIN immigration_stage l ON l.application_type_id = s.application_type_id
            AND l.position > s.position
          WHERE s.id = r.stage_id
        )
    ) x
    WHERE x.kind = ANY ($2::text[])
      AND x.due_date <= $3::date
    UNION ALL
    SELECT 'TASK'::text AS kind, r.id AS record_id, CASE r.content_type_id WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $4
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $5
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $6
    ) THEN (
      SELECT o.client_id
      FROM "immigration_visaapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $7
    ) THEN (
      SELECT o.client_id
      FROM "immigration_collegeapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $8
    ) THEN (SELECT o.client_id FROM "immigration_proficiency" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $9
    ) THEN (SELECT o.client_id FROM "immigration_qualification" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $10
    ) THEN (SELECT o.client_id FROM "immigration_employment" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $11
    ) THEN (SELECT o.client_id FROM "immigration_note" o WHERE o.id = r.object_id) END AS client_id, (r.due_date AT TIME ZONE $12::text)::date AS due_date,
      r.due_date AS due_at, (r.due_date < $13::timestamptz) AS is_overdue, r.assigned_to_id, r.branch_id
    FROM immigration_task r
    WHERE r.status IN ('PENDING', 'IN_PROGRESS', 'OVERDUE')
      AND r.due_date < $14::timestamptz
      AND true
    UNION ALL
    SELECT 'REMINDER'::text AS kind, r.id AS record_id, CASE r.content_type_id WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $15
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $16
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $17
    ) THEN (
      SELECT o.client_id
      FROM "immigration_visaapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $18
    ) THEN (
      SELECT o.client_id
      FROM "immigration_collegeapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $19
    ) THEN (SELECT o.client_id FROM "immigration_proficiency" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $20
    ) THEN (SELECT o.client_id FROM "immigration_qualification" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $21
    ) THEN (SELECT o.client_id FROM "immigration_employment" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $22
    ) THEN (SELECT o.client_id FROM "immigration_note" o WHERE o.id = r.object_id) END AS client_id, r.reminder_date AS due_date,
      ((r.reminder_date + r.reminder_time) AT TIME ZONE $23::text) AS due_at, coalesce( ((r.reminder_date + r.reminder_time) AT TIME ZONE $24::text) < $25::timestamptz,
      r.reminder_date < $26::date) AS is_overdue, r.created_by_id AS assigned_to_id, NULL::bigint AS branch_id
    FROM immigration_reminder r
    WHERE NOT r.is_completed
      AND r.reminder_date <= $27::date
      AND (r.created_by_id = $28::bigint OR true)
  ) f
    LEFT JOIN immigration_client c ON c.id = f.client_id
    AND c.deleted_at IS NULL
    AND true
    CROSS JOIN LATERAL (
      SELECT coalesce(f.assigned_to_id, CASE WHEN f.kind <> 'TASK' THEN c.assigned_to_id END) AS assigned_to_id,
        coalesce(f.branch_id, c.branch_id) AS branch_id
    ) a
  WHERE (c.id IS NOT NULL OR f.kind IN ('TASK', 'REMINDER'))
)
SELECT (SELECT count(*) FROM found) AS total, r.*
FROM (VALUES (1)) one
  LEFT JOIN LATERAL (
    SELECT r.id AS "id", r.kind AS "kind", r.record_id AS "record_id", r.client_id AS "client", (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_client n
      WHERE n.id = r."client_id"
    ) AS "client_name", CASE r.kind WHEN 'TASK' THEN (SELECT title FROM immigration_task WHERE id = r.record_id)
        WHEN 'REMINDER' THEN (SELECT title FROM immigration_reminder WHERE id = r.record_id) ELSE CASE r.kind
        WHEN 'PASSPORT' THEN 'Passport' WHEN 'VISA' THEN (
          SELECT 'Visa: ' || t.name
          FROM immigration_visaapplication a
            JOIN immigration_visatype t ON t.id = a.visa_type_id
          WHERE a.id = r.record_id
        ) WHEN 'INTAKE' THEN (
          SELECT 'Intake: ' || i.name || ', ' || o.name
          FROM immigration_collegeapplication a
            JOIN immigration_institute i ON i.id = a.institute_id
            JOIN immigration_course o ON o.id = a.course_id
          WHERE a.id = r.record_id
        ) END END AS "title", r.due_date AS "due_date", r.due_at AS "due_at", r.is_overdue AS "is_overdue",
      r.assigned_to_id AS "assigned_to", (
        SELECT trim("n"."first_name" || ' ' || "n"."last_name")
        FROM immigration_user n
        WHERE n.id = r."assigned_to_id"
      ) AS "assigned_to_name", r.branch_id AS "branch", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
      r.due_date - $29::date AS "days_left"
    FROM (
      SELECT r.*
      FROM found r
      ORDER BY r.due_date, r.due_at, r.kind COLLATE "C", r.record_id
      LIMIT $30::bigint
      OFFSET $31::bigint
    ) r
  ) r ON true
ORDER BY r.due_date, r.due_at, r.kind COLLATE "C", r.record_id;

COMMIT;

-- GET /api/v1/deadlines/, for one branch

BEGIN;

WITH found AS MATERIALIZED (
  SELECT f.record_id AS id, f.kind, f.record_id, c.id AS client_id, f.due_date, f.due_at, f.is_overdue,
    a.*
  FROM (
    SELECT x.kind, x.id AS record_id, x.client_id, x.due_date, NULL::timestamptz AS due_at, (x.due_date < $1::date) AS is_overdue,
      x.assigned_to_id, NULL::bigint AS branch_id
    FROM (
      SELECT 'PASSPORT'::text AS kind, 'passport'::text AS model, p.id, p.id AS client_id, NULL::bigint AS assigned_to_id,
        p.date_of_expiry AS due_date
      FROM immigration_passport p
      WHERE p.date_of_expiry IS NOT NULL
      UNION ALL
      SELECT 'VISA'::text, 'visaapplication'::text, a.id, a.client_id, a.assigned_to_id, a.expiry_date
      FROM immigration_visaapplication a
      WHERE a.expiry_date IS NOT NULL
        AND a.status NOT IN ('REJECTED', 'WITHDRAWN')
      UNION ALL
      SELECT 'INTAKE'::text, 'collegeapplication'::text, r.id, r.client_id, r.assigned_to_id, i.intake_date
      FROM immigration_collegeapplication r
        JOIN immigration_institute_intake i ON i.id = r.start_date_id
      WHERE r.deleted_at IS NULL
        AND EXISTS (
          SELECT
          FROM immigration_stage s
            JOIN immigration_stage l ON l.application_type_id = s.application_type_id
            AND l.position > s.position
          WHERE s.id = r.stage_id
        )
    ) x
    WHERE x.kind = ANY ($2::text[])
      AND x.due_date <= $3::date
    UNION ALL
    SELECT 'TASK'::text AS kind, r.id AS record_id, CASE r.content_type_id WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $4
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $5
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $6
    ) THEN (
      SELECT o.client_id
      FROM "immigration_visaapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $7
    ) THEN (
      SELECT o.client_id
      FROM "immigration_collegeapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $8
    ) THEN (SELECT o.client_id FROM "immigration_proficiency" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $9
    ) THEN (SELECT o.client_id FROM "immigration_qualification" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $10
    ) THEN (SELECT o.client_id FROM "immigration_employment" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $11
    ) THEN (SELECT o.client_id FROM "immigration_note" o WHERE o.id = r.object_id) END AS client_id, (r.due_date AT TIME ZONE $12::text)::date AS due_date,
      r.due_date AS due_at, (r.due_date < $13::timestamptz) AS is_overdue, r.assigned_to_id, r.branch_id
    FROM immigration_task r
    WHERE r.status IN ('PENDING', 'IN_PROGRESS', 'OVERDUE')
      AND r.due_date < $14::timestamptz
      AND (r.assigned_to_id = $15 OR r.assigned_by_id = $16 OR r.created_by_id = $17 OR r.branch_id = ANY ($18::bigint[]) OR (r.content_type_id = (
        SELECT id
        FROM django_content_type
        WHERE app_label = 'immigration'
          AND model = 'client'
      ) AND EXISTS (
        SELECT
        FROM immigration_client c
        WHERE c.id = "r"."object_id"
          AND c.deleted_at IS NULL
          AND "c"."branch_id" = ANY ($19::bigint[])
      )))
    UNION ALL
    SELECT 'REMINDER'::text AS kind, r.id AS record_id, CASE r.content_type_id WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $20
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $21
    ) THEN r.object_id::bigint WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $22
    ) THEN (
      SELECT o.client_id
      FROM "immigration_visaapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $23
    ) THEN (
      SELECT o.client_id
      FROM "immigration_collegeapplication" o
      WHERE o.id = r.object_id
    ) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $24
    ) THEN (SELECT o.client_id FROM "immigration_proficiency" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $25
    ) THEN (SELECT o.client_id FROM "immigration_qualification" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $26
    ) THEN (SELECT o.client_id FROM "immigration_employment" o WHERE o.id = r.object_id) WHEN (
      SELECT id
      FROM django_content_type
      WHERE app_label = 'immigration'
        AND model = $27
    ) THEN (SELECT o.client_id FROM "immigration_note" o WHERE o.id = r.object_id) END AS client_id, r.reminder_date AS due_date,
      ((r.reminder_date + r.reminder_time) AT TIME ZONE $28::text) AS due_at, coalesce( ((r.reminder_date + r.reminder_time) AT TIME ZONE $29::text) < $30::timestamptz,
      r.reminder_date < $31::date) AS is_overdue, r.created_by_id AS assigned_to_id, NULL::bigint AS branch_id
    FROM immigration_reminder r
    WHERE NOT r.is_completed
      AND r.reminder_date <= $32::date
      AND (r.created_by_id = $33::bigint OR CASE r.content_type_id WHEN (SELECT id FROM django_content_type WHERE app_label = $34 AND model = $35) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_user" r
        WHERE true
          AND (r.id = $36 OR (EXISTS (
            SELECT
            FROM immigration_user_branches ub
            WHERE ub.user_id = r.id
              AND ub.branch_id = ANY ($37::bigint[])
          )))
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $38 AND model = $39) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_branch" r
        WHERE r.deleted_at IS NULL
          AND r.id = ANY ($40::bigint[])
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $41 AND model = $42) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_client" r
        WHERE r.deleted_at IS NULL
          AND r.branch_id = ANY ($43::bigint[])
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $44 AND model = $45) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_region" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_branch b
            WHERE b.region_id = r.id
              AND b.id = ANY ($46::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $47 AND model = $48) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_profilepicture" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($49::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $50 AND model = $51) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_visaapplication" r
        WHERE true
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($52::bigint[])
          )
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $53 AND model = $54) THEN r.object_id IN (
        SELECT r.id
        FROM "immigration_task" r
        WHERE true
          AND (r.assigned_to_id = $55 OR r.assigned_by_id = $56 OR r.created_by_id = $57 OR r.branch_id = ANY ($58::bigint[]) OR (r.content_type_id = (
            SELECT id
            FROM django_content_type
            WHERE app_label = 'immigration'
              AND model = 'client'
          ) AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "r"."object_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($59::bigint[])
          )))
      ) WHEN (SELECT id FROM django_content_type WHERE app_label = $60 AND model = $61) THEN r.object_id IN ( SELECT r.id FROM "immigration_reminder" r WHERE true AND r.created_by_id = $62)
        WHEN (SELECT id FROM django_content_type WHERE app_label = $63 AND model = $64) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_qualification" r
          WHERE true
            AND EXISTS (
              SELECT
              FROM immigration_client c
              WHERE c.id = "r"."client_id"
                AND c.deleted_at IS NULL
                AND "c"."branch_id" = ANY ($65::bigint[])
            )
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $66 AND model = $67) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_proficiency" r
          WHERE true
            AND EXISTS (
              SELECT
              FROM immigration_client c
              WHERE c.id = "r"."client_id"
                AND c.deleted_at IS NULL
                AND "c"."branch_id" = ANY ($68::bigint[])
            )
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $69 AND model = $70) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_passport" r
          WHERE true
            AND EXISTS (
              SELECT
              FROM immigration_client c
              WHERE c.id = "r"."id"
                AND c.deleted_at IS NULL
                AND "c"."branch_id" = ANY ($71::bigint[])
            )
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $72 AND model = $73) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_notification" r
          WHERE true
            AND r.assigned_to_id = $74
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $75 AND model = $76) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_note" r
          WHERE true
            AND EXISTS (
              SELECT
              FROM immigration_client c
              WHERE c.id = "r"."client_id"
                AND c.deleted_at IS NULL
                AND "c"."branch_id" = ANY ($77::bigint[])
            )
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $78 AND model = $79) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_employment" r
          WHERE true
            AND EXISTS (
              SELECT
              FROM immigration_client c
              WHERE c.id = "r"."client_id"
                AND c.deleted_at IS NULL
                AND "c"."branch_id" = ANY ($80::bigint[])
            )
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $81 AND model = $82) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_clientactivity" r
          WHERE true
            AND EXISTS (
              SELECT
              FROM immigration_client c
              WHERE c.id = "r"."client_id"
                AND c.deleted_at IS NULL
                AND "c"."branch_id" = ANY ($83::bigint[])
            )
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $84 AND model = $85) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_collegeapplication" r
          WHERE r.deleted_at IS NULL
            AND EXISTS (
              SELECT
              FROM immigration_client c
              WHERE c.id = "r"."client_id"
                AND c.deleted_at IS NULL
                AND "c"."branch_id" = ANY ($86::bigint[])
            )
        ) WHEN (SELECT id FROM django_content_type WHERE app_label = $87 AND model = $88) THEN r.object_id IN (
          SELECT r.id
          FROM "immigration_calendar_event" r
          WHERE true
            AND ((r.assigned_to_id = $89::bigint OR r.created_by_id = $90::bigint) OR r.assigned_to_id = ANY (ARRAY(
              SELECT r.id
              FROM immigration_user r
              WHERE (EXISTS (
                SELECT
                FROM immigration_user_branches ub
                WHERE ub.user_id = r.id
                  AND ub.branch_id = ANY ($91::bigint[])
              ))
            )))
        ) ELSE false END)
  ) f
    LEFT JOIN immigration_client c ON c.id = f.client_id
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($92::bigint[])
    CROSS JOIN LATERAL (
      SELECT coalesce(f.assigned_to_id, CASE WHEN f.kind <> 'TASK' THEN c.assigned_to_id END) AS assigned_to_id,
        coalesce(f.branch_id, c.branch_id) AS branch_id
    ) a
  WHERE (c.id IS NOT NULL OR f.kind IN ('TASK', 'REMINDER'))
)
SELECT (SELECT count(*) FROM found) AS total, r.*
FROM (VALUES (1)) one
  LEFT JOIN LATERAL (
    SELECT r.id AS "id", r.kind AS "kind", r.record_id AS "record_id", r.client_id AS "client", (
      SELECT trim("n"."first_name" || ' ' || "n"."last_name")
      FROM immigration_client n
      WHERE n.id = r."client_id"
    ) AS "client_name", CASE r.kind WHEN 'TASK' THEN (SELECT title FROM immigration_task WHERE id = r.record_id)
        WHEN 'REMINDER' THEN (SELECT title FROM immigration_reminder WHERE id = r.record_id) ELSE CASE r.kind
        WHEN 'PASSPORT' THEN 'Passport' WHEN 'VISA' THEN (
          SELECT 'Visa: ' || t.name
          FROM immigration_visaapplication a
            JOIN immigration_visatype t ON t.id = a.visa_type_id
          WHERE a.id = r.record_id
        ) WHEN 'INTAKE' THEN (
          SELECT 'Intake: ' || i.name || ', ' || o.name
          FROM immigration_collegeapplication a
            JOIN immigration_institute i ON i.id = a.institute_id
            JOIN immigration_course o ON o.id = a.course_id
          WHERE a.id = r.record_id
        ) END END AS "title", r.due_date AS "due_date", r.due_at AS "due_at", r.is_overdue AS "is_overdue",
      r.assigned_to_id AS "assigned_to", (
        SELECT trim("n"."first_name" || ' ' || "n"."last_name")
        FROM immigration_user n
        WHERE n.id = r."assigned_to_id"
      ) AS "assigned_to_name", r.branch_id AS "branch", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
      r.due_date - $93::date AS "days_left"
    FROM (
      SELECT r.*
      FROM found r
      ORDER BY r.due_date, r.due_at, r.kind COLLATE "C", r.record_id
      LIMIT $94::bigint
      OFFSET $95::bigint
    ) r
  ) r ON true
ORDER BY r.due_date, r.due_at, r.kind COLLATE "C", r.record_id;

COMMIT;
