-- POST /api/v1/starter-catalogues/load/: 200

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext('starter catalogue'));

WITH added AS (
  INSERT INTO immigration_visacategory (name, code, description)
  SELECT given.name, given.code, given.description
  FROM jsonb_to_recordset($1::jsonb -> 'visa_categories') AS given (name text, code text, description text)
  WHERE NOT EXISTS (
    SELECT
    FROM immigration_visacategory c
    WHERE lower(c.name) = lower(given.name)
      OR lower(c.code) = lower(given.code)
  )
  ON CONFLICT DO NOTHING
  RETURNING *
)
SELECT count(*)::integer AS added
FROM added;

WITH added AS (
  INSERT INTO immigration_visatype (visa_category_id, name, code, description, checklist)
  SELECT c.id, given.name, given.code, given.description, given.checklist
  FROM jsonb_to_recordset($1::jsonb -> 'visa_categories') AS category (name text, code text, types jsonb)
    CROSS JOIN LATERAL (
      SELECT k.id
      FROM immigration_visacategory k
      WHERE lower(k.name) = lower(category.name)
        OR lower(k.code) = lower(category.code)
      ORDER BY lower(k.name) = lower(category.name) DESC, k.id
      LIMIT 1
    ) c
    CROSS JOIN jsonb_to_recordset(category.types) AS given (name text, code text, description text, checklist jsonb)
  WHERE NOT EXISTS (
    SELECT
    FROM immigration_visatype t
    WHERE t.visa_category_id = c.id
      AND (lower(t.name) = lower(given.name) OR lower(t.code) = lower(given.code))
  )
  RETURNING *
)
SELECT count(*)::integer AS added
FROM added;

WITH added AS (
  INSERT INTO immigration_course_level (name, created_by_id, updated_by_id)
  SELECT given.name, $1::bigint, $2::bigint
  FROM jsonb_array_elements_text($3::jsonb -> 'course_levels')
  WITH ORDINALITY AS given (name, place)
  WHERE NOT EXISTS (SELECT FROM immigration_course_level l WHERE lower(l.name) = lower(given.name))
  ORDER BY place
  ON CONFLICT DO NOTHING
  RETURNING *
)
SELECT count(*)::integer AS added
FROM added;

WITH added AS (
  INSERT INTO immigration_broad_field (name, created_by_id, updated_by_id)
  SELECT given.field ->> 'name', $1::bigint, $2::bigint
  FROM jsonb_array_elements($3::jsonb -> 'broad_fields')
  WITH ORDINALITY AS given (field, place)
  WHERE NOT EXISTS (
    SELECT
    FROM immigration_broad_field f
    WHERE lower(f.name) = lower(given.field ->> 'name')
  )
  ORDER BY place
  ON CONFLICT DO NOTHING
  RETURNING *
)
SELECT count(*)::integer AS added
FROM added;

WITH added AS (
  INSERT INTO immigration_narrow_field (name, broad_field_id, created_by_id, updated_by_id)
  SELECT narrow.name, f.id, $1::bigint, $2::bigint
  FROM jsonb_array_elements($3::jsonb -> 'broad_fields')
  WITH ORDINALITY AS given (field, place)
    JOIN immigration_broad_field f ON lower(f.name) = lower(given.field ->> 'name')
    AND f.deleted_at IS NULL
    CROSS JOIN jsonb_array_elements_text(given.field -> 'narrow_fields')
  WITH ORDINALITY AS narrow (name, place)
  WHERE NOT EXISTS (
    SELECT
    FROM immigration_narrow_field n
    WHERE n.broad_field_id = f.id
      AND lower(n.name) = lower(narrow.name)
  )
  ORDER BY given.place, narrow.place
  RETURNING *
)
SELECT count(*)::integer AS added
FROM added;

WITH added AS (
  INSERT INTO immigration_lpe (name, validity_term, description)
  SELECT given.name, given.validity_term, given.description
  FROM jsonb_to_recordset($1::jsonb -> 'language_exams') AS given (name text, validity_term integer, description text)
  WHERE NOT EXISTS (SELECT FROM immigration_lpe e WHERE lower(e.name) = lower(given.name))
  ON CONFLICT DO NOTHING
  RETURNING *
)
SELECT count(*)::integer AS added
FROM added;

WITH added AS (
  INSERT INTO immigration_applicationtype (title, currency, tax_name, tax_percentage, description, created_by_id,
    updated_by_id)
  SELECT given.title, given.currency, given.tax_name, given.tax_percentage, given.description, $1::bigint,
    $2::bigint
  FROM jsonb_to_recordset($3::jsonb -> 'application_types') AS given (title text, currency text, tax_name text,
    tax_percentage numeric, description text)
  WHERE NOT EXISTS (
    SELECT
    FROM immigration_applicationtype t
    WHERE lower(t.title) = lower(given.title)
  )
  RETURNING *
), stages AS (
  INSERT INTO immigration_stage (application_type_id, stage_name, position, created_by_id, updated_by_id)
  SELECT added.id, stage.name, stage.place, $4::bigint, $5::bigint
  FROM jsonb_to_recordset($6::jsonb -> 'application_types') AS given (title text, stages jsonb)
    JOIN added ON added.title = given.title
    CROSS JOIN jsonb_array_elements_text(given.stages)
  WITH ORDINALITY AS stage (name, place)
)
SELECT count(*)::integer AS added
FROM added;

-- next round trip

COMMIT;
