-- GET /api/v1/search/: 200

BEGIN;

SELECT set_config('statement_timeout', '3s', true);

WITH found_client AS MATERIALIZED ((
  SELECT s.client_id AS id, ($1::float8 * CASE WHEN s.text LIKE ANY ($2::text[]) THEN CASE WHEN s.text LIKE ANY ($3::text[]) THEN 1::float8
      ELSE 0.9::float8 END WHEN s.text LIKE ANY ($4::text[]) THEN 0.8::float8 ELSE 0.7::float8 END) AS score
  FROM client_search s
  WHERE s.text LIKE ANY ($5::text[])
    AND (NOT s.archived AND true)
  ORDER BY score DESC, id DESC
  LIMIT $6::bigint
)), found_institute AS MATERIALIZED ((
  SELECT r.id, r.name, r.short_name, ($7::float8 * CASE WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($8::text[]) THEN CASE
      WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($9::text[]) THEN 1::float8
      ELSE 0.9::float8 END WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($10::text[]) THEN 0.8::float8
      ELSE 0.7::float8 END) AS score
  FROM immigration_institute r
  WHERE r.deleted_at IS NULL
    AND public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($11::text[])
  ORDER BY score DESC, id DESC
  LIMIT $12::bigint
)) (
  SELECT 'client' AS kind, r.id, concat_ws(' ', nullif(r.first_name, ''), nullif(r.middle_name, ''), nullif(r.last_name, '')) AS title,
    concat_ws(' · ', nullif(r.email, ''), nullif(r.phone_number, '')) AS subtitle, r.id AS client, f.score
  FROM (
    SELECT id, score
    FROM found_client
    ORDER BY score DESC, id DESC
    LIMIT $13::bigint
  ) f
    JOIN immigration_client r ON r.id = f.id
  ORDER BY score DESC, id DESC
  LIMIT $14::bigint
)
UNION ALL (
  SELECT 'visa_application' AS kind, a.id, (
    SELECT concat_ws(' ', nullif(r.first_name, ''), nullif(r.middle_name, ''), nullif(r.last_name, ''))
    FROM immigration_client r
    WHERE r.id = a.client_id
  ) AS title, (
    SELECT concat_ws(' · ', nullif(r.name, ''), nullif(a.status, ''), nullif(a.transaction_reference_no, ''))
    FROM immigration_visatype r
    WHERE r.id = a.visa_type_id
  ) AS subtitle, a.client_id AS client, f.score
  FROM ((
    SELECT id, max(score) AS score
    FROM ((
      SELECT a.id, f.score * 0.95 AS score
      FROM found_client f
        JOIN immigration_visaapplication a ON a.client_id = f.id
      ORDER BY score DESC, id DESC
      LIMIT $15::bigint
    ) UNION ALL (
      SELECT a.id, ($16::float8 * CASE WHEN (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($17::text[]) THEN CASE
          WHEN (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($18::text[]) THEN 1::float8
          ELSE 0.9::float8 END WHEN (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($19::text[]) THEN 0.8::float8
          ELSE 0.7::float8 END) AS score
      FROM (
        SELECT a.*
        FROM immigration_visaapplication a
        WHERE (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($20::text[])
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "a"."client_id"
              AND c.deleted_at IS NULL
              AND true
          )
        LIMIT 500
      ) a
      ORDER BY score DESC, id DESC
      LIMIT $21::bigint
    ) UNION ALL (
      SELECT a.id, t.score * 0.9 AS score
      FROM (
        SELECT r.id, ($22::float8 * CASE WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($23::text[]) THEN CASE
            WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($24::text[]) THEN 1::float8
            ELSE 0.9::float8 END WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($25::text[]) THEN 0.8::float8
            ELSE 0.7::float8 END) AS score
        FROM immigration_visatype r
        WHERE public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($26::text[])
        ORDER BY score DESC, id DESC
        LIMIT $27::bigint
      ) t
        JOIN immigration_visaapplication a ON a.visa_type_id = t.id
      WHERE EXISTS (
        SELECT
        FROM immigration_client c
        WHERE c.id = "a"."client_id"
          AND c.deleted_at IS NULL
          AND true
      )
      ORDER BY score DESC, id DESC
      LIMIT $28::bigint
    )) every
    GROUP BY id
    ORDER BY score DESC, id DESC
    LIMIT $29::bigint
  )) f
    JOIN immigration_visaapplication a ON a.id = f.id
  ORDER BY score DESC, id DESC
  LIMIT $30::bigint
)
UNION ALL (
  SELECT 'college_application' AS kind, a.id, (
    SELECT concat_ws(' ', nullif(r.first_name, ''), nullif(r.middle_name, ''), nullif(r.last_name, ''))
    FROM immigration_client r
    WHERE r.id = a.client_id
  ) AS title, concat_ws(' · ', (SELECT name FROM immigration_institute WHERE id = a.institute_id), (SELECT name FROM immigration_course WHERE id = a.course_id),
    nullif(a.student_id, '')) AS subtitle, a.client_id AS client, f.score
  FROM ((
    SELECT id, max(score) AS score
    FROM ((
      SELECT a.id, f.score * 0.95 AS score
      FROM found_client f
        JOIN immigration_collegeapplication a ON a.client_id = f.id
      WHERE a.deleted_at IS NULL
      ORDER BY score DESC, id DESC
      LIMIT $31::bigint
    ) UNION ALL (
      SELECT a.id, ($32::float8 * CASE WHEN (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($33::text[]) THEN CASE
          WHEN (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($34::text[]) THEN 1::float8
          ELSE 0.9::float8 END WHEN (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($35::text[]) THEN 0.8::float8
          ELSE 0.7::float8 END) AS score
      FROM (
        SELECT a.*
        FROM immigration_collegeapplication a
        WHERE (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($36::text[])
          AND a.deleted_at IS NULL
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "a"."client_id"
              AND c.deleted_at IS NULL
              AND true
          )
        LIMIT 500
      ) a
      ORDER BY score DESC, id DESC
      LIMIT $37::bigint
    ) UNION ALL (
      SELECT a.id, i.score * 0.9 AS score
      FROM (
        SELECT id, score
        FROM found_institute
        ORDER BY score DESC, id DESC
        LIMIT $38::bigint
      ) i
        JOIN immigration_collegeapplication a ON a.institute_id = i.id
      WHERE a.deleted_at IS NULL
        AND EXISTS (
          SELECT
          FROM immigration_client c
          WHERE c.id = "a"."client_id"
            AND c.deleted_at IS NULL
            AND true
        )
      ORDER BY score DESC, id DESC
      LIMIT $39::bigint
    )) every
    GROUP BY id
    ORDER BY score DESC, id DESC
    LIMIT $40::bigint
  )) f
    JOIN immigration_collegeapplication a ON a.id = f.id
  ORDER BY score DESC, id DESC
  LIMIT $41::bigint
)
UNION ALL (
  SELECT 'agent' AS kind, r.id, r.agent_name AS title, concat_ws(' · ', nullif(r.company_name, ''), nullif(r.email, '')) AS subtitle,
    NULL::bigint AS client, ($42::float8 * CASE WHEN public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($43::text[]) THEN CASE
      WHEN public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($44::text[]) THEN 1::float8
      ELSE 0.9::float8 END WHEN public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($45::text[]) THEN 0.8::float8
      ELSE 0.7::float8 END) AS score
  FROM immigration_agent r
  WHERE r.deleted_at IS NULL
    AND public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($46::text[])
  ORDER BY score DESC, id DESC
  LIMIT $47::bigint
)
UNION ALL (
  SELECT 'institute' AS kind, f.id, f.name AS title, f.short_name AS subtitle, NULL::bigint AS client,
    f.score
  FROM found_institute f
  ORDER BY score DESC, id DESC
  LIMIT $48::bigint
);

WITH most AS (SELECT max(client_id) AS id FROM client_search)
SELECT s.text
FROM (
  SELECT DISTINCT (random() * (SELECT id FROM most))::bigint AS id
  FROM generate_series(1, 300)
  WHERE (SELECT id FROM most) >= 10000
) chosen
  JOIN client_search s ON s.client_id = chosen.id;

COMMIT;

-- GET /api/v1/search/, for one branch

BEGIN;

SELECT set_config('statement_timeout', '3s', true);

WITH found_client AS MATERIALIZED ((
  SELECT s.client_id AS id, ($1::float8 * CASE WHEN s.text LIKE ANY ($2::text[]) THEN CASE WHEN s.text LIKE ANY ($3::text[]) THEN 1::float8
      ELSE 0.9::float8 END WHEN s.text LIKE ANY ($4::text[]) THEN 0.8::float8 ELSE 0.7::float8 END) AS score
  FROM client_search s
  WHERE s.text LIKE ANY ($5::text[])
    AND (NOT s.archived AND "s"."branch_id" = ANY ($6::bigint[]))
  ORDER BY score DESC, id DESC
  LIMIT $7::bigint
)), found_institute AS MATERIALIZED ((
  SELECT r.id, r.name, r.short_name, ($8::float8 * CASE WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($9::text[]) THEN CASE
      WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($10::text[]) THEN 1::float8
      ELSE 0.9::float8 END WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($11::text[]) THEN 0.8::float8
      ELSE 0.7::float8 END) AS score
  FROM immigration_institute r
  WHERE r.deleted_at IS NULL
    AND public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."short_name", '') || E'\x1f')) LIKE ANY ($12::text[])
  ORDER BY score DESC, id DESC
  LIMIT $13::bigint
)) (
  SELECT 'client' AS kind, r.id, concat_ws(' ', nullif(r.first_name, ''), nullif(r.middle_name, ''), nullif(r.last_name, '')) AS title,
    concat_ws(' · ', nullif(r.email, ''), nullif(r.phone_number, '')) AS subtitle, r.id AS client, f.score
  FROM (
    SELECT id, score
    FROM found_client
    ORDER BY score DESC, id DESC
    LIMIT $14::bigint
  ) f
    JOIN immigration_client r ON r.id = f.id
  ORDER BY score DESC, id DESC
  LIMIT $15::bigint
)
UNION ALL (
  SELECT 'visa_application' AS kind, a.id, (
    SELECT concat_ws(' ', nullif(r.first_name, ''), nullif(r.middle_name, ''), nullif(r.last_name, ''))
    FROM immigration_client r
    WHERE r.id = a.client_id
  ) AS title, (
    SELECT concat_ws(' · ', nullif(r.name, ''), nullif(a.status, ''), nullif(a.transaction_reference_no, ''))
    FROM immigration_visatype r
    WHERE r.id = a.visa_type_id
  ) AS subtitle, a.client_id AS client, f.score
  FROM ((
    SELECT id, max(score) AS score
    FROM ((
      SELECT a.id, f.score * 0.95 AS score
      FROM found_client f
        JOIN immigration_visaapplication a ON a.client_id = f.id
      ORDER BY score DESC, id DESC
      LIMIT $16::bigint
    ) UNION ALL (
      SELECT a.id, ($17::float8 * CASE WHEN (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($18::text[]) THEN CASE
          WHEN (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($19::text[]) THEN 1::float8
          ELSE 0.9::float8 END WHEN (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($20::text[]) THEN 0.8::float8
          ELSE 0.7::float8 END) AS score
      FROM (
        SELECT a.*
        FROM immigration_visaapplication a
        WHERE (E'\x1f' || public.fold_text("a"."transaction_reference_no") || E'\x1f') LIKE ANY ($21::text[])
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "a"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($22::bigint[])
          )
        LIMIT 500
      ) a
      ORDER BY score DESC, id DESC
      LIMIT $23::bigint
    ) UNION ALL (
      SELECT a.id, t.score * 0.9 AS score
      FROM (
        SELECT r.id, ($24::float8 * CASE WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($25::text[]) THEN CASE
            WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($26::text[]) THEN 1::float8
            ELSE 0.9::float8 END WHEN public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($27::text[]) THEN 0.8::float8
            ELSE 0.7::float8 END) AS score
        FROM immigration_visatype r
        WHERE public.fold_text((E'\x1f' || coalesce("r"."name", '') || E'\x1f' || coalesce("r"."code", '') || E'\x1f')) LIKE ANY ($28::text[])
        ORDER BY score DESC, id DESC
        LIMIT $29::bigint
      ) t
        JOIN immigration_visaapplication a ON a.visa_type_id = t.id
      WHERE EXISTS (
        SELECT
        FROM immigration_client c
        WHERE c.id = "a"."client_id"
          AND c.deleted_at IS NULL
          AND "c"."branch_id" = ANY ($30::bigint[])
      )
      ORDER BY score DESC, id DESC
      LIMIT $31::bigint
    )) every
    GROUP BY id
    ORDER BY score DESC, id DESC
    LIMIT $32::bigint
  )) f
    JOIN immigration_visaapplication a ON a.id = f.id
  ORDER BY score DESC, id DESC
  LIMIT $33::bigint
)
UNION ALL (
  SELECT 'college_application' AS kind, a.id, (
    SELECT concat_ws(' ', nullif(r.first_name, ''), nullif(r.middle_name, ''), nullif(r.last_name, ''))
    FROM immigration_client r
    WHERE r.id = a.client_id
  ) AS title, concat_ws(' · ', (SELECT name FROM immigration_institute WHERE id = a.institute_id), (SELECT name FROM immigration_course WHERE id = a.course_id),
    nullif(a.student_id, '')) AS subtitle, a.client_id AS client, f.score
  FROM ((
    SELECT id, max(score) AS score
    FROM ((
      SELECT a.id, f.score * 0.95 AS score
      FROM found_client f
        JOIN immigration_collegeapplication a ON a.client_id = f.id
      WHERE a.deleted_at IS NULL
      ORDER BY score DESC, id DESC
      LIMIT $34::bigint
    ) UNION ALL (
      SELECT a.id, ($35::float8 * CASE WHEN (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($36::text[]) THEN CASE
          WHEN (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($37::text[]) THEN 1::float8
          ELSE 0.9::float8 END WHEN (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($38::text[]) THEN 0.8::float8
          ELSE 0.7::float8 END) AS score
      FROM (
        SELECT a.*
        FROM immigration_collegeapplication a
        WHERE (E'\x1f' || public.fold_text("a"."student_id") || E'\x1f') LIKE ANY ($39::text[])
          AND a.deleted_at IS NULL
          AND EXISTS (
            SELECT
            FROM immigration_client c
            WHERE c.id = "a"."client_id"
              AND c.deleted_at IS NULL
              AND "c"."branch_id" = ANY ($40::bigint[])
          )
        LIMIT 500
      ) a
      ORDER BY score DESC, id DESC
      LIMIT $41::bigint
    ) UNION ALL (
      SELECT a.id, i.score * 0.9 AS score
      FROM (
        SELECT id, score
        FROM found_institute
        ORDER BY score DESC, id DESC
        LIMIT $42::bigint
      ) i
        JOIN immigration_collegeapplication a ON a.institute_id = i.id
      WHERE a.deleted_at IS NULL
        AND EXISTS (
          SELECT
          FROM immigration_client c
          WHERE c.id = "a"."client_id"
            AND c.deleted_at IS NULL
            AND "c"."branch_id" = ANY ($43::bigint[])
        )
      ORDER BY score DESC, id DESC
      LIMIT $44::bigint
    )) every
    GROUP BY id
    ORDER BY score DESC, id DESC
    LIMIT $45::bigint
  )) f
    JOIN immigration_collegeapplication a ON a.id = f.id
  ORDER BY score DESC, id DESC
  LIMIT $46::bigint
)
UNION ALL (
  SELECT 'agent' AS kind, r.id, r.agent_name AS title, concat_ws(' · ', nullif(r.company_name, ''), nullif(r.email, '')) AS subtitle,
    NULL::bigint AS client, ($47::float8 * CASE WHEN public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($48::text[]) THEN CASE
      WHEN public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($49::text[]) THEN 1::float8
      ELSE 0.9::float8 END WHEN public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($50::text[]) THEN 0.8::float8
      ELSE 0.7::float8 END) AS score
  FROM immigration_agent r
  WHERE r.deleted_at IS NULL
    AND public.fold_text((E'\x1f' || coalesce("r"."agent_name", '') || E'\x1f' || coalesce("r"."company_name", '') || E'\x1f' || coalesce("r"."email", '') || E'\x1f' || coalesce("r"."phone_number", '') || E'\x1f')) LIKE ANY ($51::text[])
  ORDER BY score DESC, id DESC
  LIMIT $52::bigint
)
UNION ALL (
  SELECT 'institute' AS kind, f.id, f.name AS title, f.short_name AS subtitle, NULL::bigint AS client,
    f.score
  FROM found_institute f
  ORDER BY score DESC, id DESC
  LIMIT $53::bigint
);

COMMIT;
