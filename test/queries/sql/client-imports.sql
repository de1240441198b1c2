-- GET /api/v1/client-imports/: 200

BEGIN;

SELECT count(*) AS count
FROM "client_import" r
WHERE true;

SELECT r."id", r."filename", r."status", r."encoding", r."delimiter", (
  SELECT coalesce(json_agg(json_build_object( 'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''),
    'samples', r.samples -> (place - 1)::integer) ORDER BY place), '[]')
  FROM jsonb_array_elements_text(r.headers)
  WITH ORDINALITY AS h (header, place)
) AS "columns", r."duplicates", r."other_name", r."date_format", r."default_gender", r."default_country",
  r."default_branch_id" AS "default_branch", r."row_count", r."processed", r."created", r."updated", r."skipped",
  r."failed", r."other_named", r."undone", r."kept", r."error", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_at", r."checked_at", r."started_at", r."finished_at",
  r."undo_started_at", r."undone_at"
FROM "client_import" r
WHERE true
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/client-imports/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "client_import" r
WHERE r.created_by_id = $1;

SELECT r."id", r."filename", r."status", r."encoding", r."delimiter", (
  SELECT coalesce(json_agg(json_build_object( 'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''),
    'samples', r.samples -> (place - 1)::integer) ORDER BY place), '[]')
  FROM jsonb_array_elements_text(r.headers)
  WITH ORDINALITY AS h (header, place)
) AS "columns", r."duplicates", r."other_name", r."date_format", r."default_gender", r."default_country",
  r."default_branch_id" AS "default_branch", r."row_count", r."processed", r."created", r."updated", r."skipped",
  r."failed", r."other_named", r."undone", r."kept", r."error", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_at", r."checked_at", r."started_at", r."finished_at",
  r."undo_started_at", r."undone_at"
FROM "client_import" r
WHERE r.created_by_id = $1
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/client-imports/: 400

BEGIN;

SELECT pg_advisory_xact_lock(hashtext('leopard_client_import_limits'), hashtext(current_schema()));

SELECT coalesce(sum(f.size) FILTER (WHERE i.created_by_id = $1), 0)::bigint AS own, coalesce(sum(f.size), 0)::bigint AS all
FROM (
  SELECT import_id, octet_length(content)::bigint AS size
  FROM client_import_part
  UNION ALL
  SELECT import_id, octet_length(content)
  FROM client_import_source
) f
  JOIN client_import i ON i.id = f.import_id;

-- next round trip

COMMIT;

-- GET /api/v1/client-imports/:id/: 200

BEGIN;

SELECT r."id", r."filename", r."status", r."encoding", r."delimiter", (
  SELECT coalesce(json_agg(json_build_object( 'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''),
    'samples', r.samples -> (place - 1)::integer) ORDER BY place), '[]')
  FROM jsonb_array_elements_text(r.headers)
  WITH ORDINALITY AS h (header, place)
) AS "columns", r."duplicates", r."other_name", r."date_format", r."default_gender", r."default_country",
  r."default_branch_id" AS "default_branch", r."row_count", r."processed", r."created", r."updated", r."skipped",
  r."failed", r."other_named", r."undone", r."kept", r."error", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_at", r."checked_at", r."started_at", r."finished_at",
  r."undo_started_at", r."undone_at", (
    SELECT coalesce(json_agg(json_build_object('row', f.row_number, 'errors', f.problems) ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, problems
      FROM client_import_row
      WHERE import_id = r.id
        AND outcome = 'FAILED'
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "failures", (
    SELECT coalesce(jsonb_agg(jsonb_build_object('row', f.row_number, 'outcome', f.outcome) || f.other_name ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, outcome, other_name
      FROM client_import_row
      WHERE import_id = r.id
        AND other_name IS NOT NULL
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "other_named_rows", r."encoding_choices"
FROM "client_import" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PATCH /api/v1/client-imports/:id/: 200

BEGIN;

SELECT r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed,
  r.other_named, r.undone, r.kept, r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding,
  r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id,
  r.acting_user_id, r.created_by_id, r.state_fields
FROM client_import r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM client_import_row
WHERE import_id = $1;

UPDATE client_import
SET next_part = 0, processed = 0, created = 0, updated = 0, skipped = 0, failed = 0, other_named = 0,
  error = '', checked_at = NULL, updated_at = now()
WHERE id = $1;

UPDATE client_import
SET fields = $1::jsonb, duplicates = $2, other_name = $3, date_format = $4, default_gender = $5, default_country = $6,
  default_branch_id = $7
WHERE id = $8;

SELECT r."id", r."filename", r."status", r."encoding", r."delimiter", (
  SELECT coalesce(json_agg(json_build_object( 'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''),
    'samples', r.samples -> (place - 1)::integer) ORDER BY place), '[]')
  FROM jsonb_array_elements_text(r.headers)
  WITH ORDINALITY AS h (header, place)
) AS "columns", r."duplicates", r."other_name", r."date_format", r."default_gender", r."default_country",
  r."default_branch_id" AS "default_branch", r."row_count", r."processed", r."created", r."updated", r."skipped",
  r."failed", r."other_named", r."undone", r."kept", r."error", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_at", r."checked_at", r."started_at", r."finished_at",
  r."undo_started_at", r."undone_at", (
    SELECT coalesce(json_agg(json_build_object('row', f.row_number, 'errors', f.problems) ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, problems
      FROM client_import_row
      WHERE import_id = r.id
        AND outcome = 'FAILED'
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "failures", (
    SELECT coalesce(jsonb_agg(jsonb_build_object('row', f.row_number, 'outcome', f.outcome) || f.other_name ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, outcome, other_name
      FROM client_import_row
      WHERE import_id = r.id
        AND other_name IS NOT NULL
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "other_named_rows", r."encoding_choices"
FROM "client_import" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- DELETE /api/v1/client-imports/:id/: 204

BEGIN;

SELECT r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed,
  r.other_named, r.undone, r.kept, r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding,
  r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id,
  r.acting_user_id, r.created_by_id, r.state_fields
FROM client_import r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM client_import
WHERE id = $1;

COMMIT;

-- POST /api/v1/client-imports/:id/encoding/: 400

BEGIN;

SELECT r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed,
  r.other_named, r.undone, r.kept, r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding,
  r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id,
  r.acting_user_id, r.created_by_id, r.state_fields
FROM client_import r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT content
FROM client_import_source
WHERE import_id = $1;

-- next round trip

ROLLBACK;

-- POST /api/v1/client-imports/:id/dry-run/: 200

BEGIN;

SELECT r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed,
  r.other_named, r.undone, r.kept, r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding,
  r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id,
  r.acting_user_id, r.created_by_id, r.state_fields
FROM client_import r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM client_import_row
WHERE import_id = $1;

UPDATE client_import
SET next_part = 0, processed = 0, created = 0, updated = 0, skipped = 0, failed = 0, other_named = 0,
  error = '', checked_at = NULL, updated_at = now()
WHERE id = $1;

SELECT content
FROM client_import_part
WHERE import_id = $1
  AND number = $2;

-- next round trip

SELECT r.id, r.deleted_at IS NOT NULL AS deleted, "r"."first_name", "r"."middle_name", "r"."last_name",
  "r"."email", "r"."phone_number", "r"."branch_id"
FROM immigration_client r
WHERE r.id = ANY (ARRAY(
  SELECT f.id
  FROM unnest($1::text[], $2::text[]) AS k (key, name)
    CROSS JOIN LATERAL (
      SELECT c.id
      FROM (
        SELECT r.id, r.first_name
        FROM immigration_client r
        WHERE r.deleted_at IS NULL
          AND r.email <> ''
          AND lower(normalize("r"."email", NFC)) = k.key
          AND true
        LIMIT 1000
      ) c
      ORDER BY (public.fold_text(c.first_name) = k.name) DESC, c.id
      LIMIT 20
    ) f
  UNION
  SELECT f.id
  FROM unnest($3::text[], $4::text[]) AS k (key, name)
    CROSS JOIN LATERAL (
      SELECT c.id
      FROM (
        SELECT r.id, r.first_name
        FROM immigration_client r
        WHERE r.deleted_at IS NULL
          AND r.phone_number <> ''
          AND regexp_replace(r.phone_number, '[^0-9]', '', 'g') = k.key
          AND true
        LIMIT 1000
      ) c
      ORDER BY (public.fold_text(c.first_name) = k.name) DESC, c.id
      LIMIT 20
    ) f
))
ORDER BY r.id;

SELECT row_number AS "row", email_key AS email, phone_key AS phone, coalesce(name_key, '') AS name
FROM (
  SELECT f.*
  FROM unnest($1::text[], $2::text[]) AS k (key, name)
    CROSS JOIN LATERAL (
      SELECT e.*
      FROM (
        SELECT row_number, email_key, phone_key, name_key
        FROM client_import_row
        WHERE import_id = $3
          AND email_key = k.key
        LIMIT 1000
      ) e
      ORDER BY (public.fold_text(e.name_key) = k.name) DESC, e.row_number
      LIMIT 20
    ) f
  UNION
  SELECT f.*
  FROM unnest($4::text[], $5::text[]) AS k (key, name)
    CROSS JOIN LATERAL (
      SELECT e.*
      FROM (
        SELECT row_number, email_key, phone_key, name_key
        FROM client_import_row
        WHERE import_id = $6
          AND phone_key = k.key
        LIMIT 1000
      ) e
      ORDER BY (public.fold_text(e.name_key) = k.name) DESC, e.row_number
      LIMIT 20
    ) f
) earlier
ORDER BY row_number;

-- next round trip

INSERT INTO client_import_row (import_id, row_number, outcome, client_id, problems, old_values, new_values,
  email_key, phone_key, name_key, other_name)
SELECT $1::bigint, row_number, outcome, client_id, coalesce(problems, '{}'), coalesce(old_values, '{}'),
  coalesce(new_values, '{}'), email_key, phone_key, name_key, other_name
FROM jsonb_populate_recordset(NULL::client_import_row, $2::jsonb);

-- next round trip

UPDATE client_import
SET next_part = $1, processed = $2, created = $3, updated = $4, skipped = $5, failed = $6, other_named = $7,
  claims = 0, error = '', updated_at = now()
WHERE id = $8;

-- next round trip

UPDATE client_import
SET status = $1, error = $2, claims = 0, updated_at = now(), checked_at = CASE WHEN $3::boolean THEN now()
    ELSE checked_at END, started_at = CASE WHEN $4 = 'DRAFT' THEN NULL ELSE started_at END, finished_at = CASE
    WHEN $5 IN ('COMPLETED', 'CANCELLED') THEN now() ELSE finished_at END, undone_at = CASE WHEN $6 = 'UNDONE' THEN now()
    ELSE undone_at END
WHERE id = $7;

SELECT r."id", r."filename", r."status", r."encoding", r."delimiter", (
  SELECT coalesce(json_agg(json_build_object( 'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''),
    'samples', r.samples -> (place - 1)::integer) ORDER BY place), '[]')
  FROM jsonb_array_elements_text(r.headers)
  WITH ORDINALITY AS h (header, place)
) AS "columns", r."duplicates", r."other_name", r."date_format", r."default_gender", r."default_country",
  r."default_branch_id" AS "default_branch", r."row_count", r."processed", r."created", r."updated", r."skipped",
  r."failed", r."other_named", r."undone", r."kept", r."error", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_at", r."checked_at", r."started_at", r."finished_at",
  r."undo_started_at", r."undone_at", (
    SELECT coalesce(json_agg(json_build_object('row', f.row_number, 'errors', f.problems) ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, problems
      FROM client_import_row
      WHERE import_id = r.id
        AND outcome = 'FAILED'
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "failures", (
    SELECT coalesce(jsonb_agg(jsonb_build_object('row', f.row_number, 'outcome', f.outcome) || f.other_name ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, outcome, other_name
      FROM client_import_row
      WHERE import_id = r.id
        AND other_name IS NOT NULL
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "other_named_rows", r."encoding_choices"
FROM "client_import" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- POST /api/v1/client-imports/:id/run/: 200

BEGIN;

SELECT r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed,
  r.other_named, r.undone, r.kept, r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding,
  r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id,
  r.acting_user_id, r.created_by_id, r.state_fields
FROM client_import r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM client_import_row
WHERE import_id = $1;

UPDATE client_import
SET next_part = 0, processed = 0, created = 0, updated = 0, skipped = 0, failed = 0, other_named = 0,
  error = '', checked_at = NULL, updated_at = now()
WHERE id = $1;

DELETE FROM client_import_source
WHERE import_id = $1;

-- next round trip

SELECT pg_advisory_xact_lock(hashtext('leopard_client_import_limits'), hashtext(current_schema()));

SELECT count(*) FILTER (WHERE acting_user_id = $1)::integer AS own, count(*)::integer AS all
FROM client_import
WHERE status IN ('CHECKING', 'RUNNING', 'UNDOING');

-- next round trip

UPDATE client_import
SET status = $1, acting_user_id = $2, claims = 0, error = '', due_at = now(), updated_at = now(), started_at = CASE
    WHEN $3 = 'UNDOING' THEN started_at ELSE coalesce(started_at, now()) END, undo_started_at = CASE
    WHEN $4 = 'UNDOING' THEN coalesce(undo_started_at, now()) ELSE undo_started_at END
WHERE id = $5;

-- next round trip

SELECT r."id", r."filename", r."status", r."encoding", r."delimiter", (
  SELECT coalesce(json_agg(json_build_object( 'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''),
    'samples', r.samples -> (place - 1)::integer) ORDER BY place), '[]')
  FROM jsonb_array_elements_text(r.headers)
  WITH ORDINALITY AS h (header, place)
) AS "columns", r."duplicates", r."other_name", r."date_format", r."default_gender", r."default_country",
  r."default_branch_id" AS "default_branch", r."row_count", r."processed", r."created", r."updated", r."skipped",
  r."failed", r."other_named", r."undone", r."kept", r."error", r."created_by_id" AS "created_by", (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_at", r."checked_at", r."started_at", r."finished_at",
  r."undo_started_at", r."undone_at", (
    SELECT coalesce(json_agg(json_build_object('row', f.row_number, 'errors', f.problems) ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, problems
      FROM client_import_row
      WHERE import_id = r.id
        AND outcome = 'FAILED'
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "failures", (
    SELECT coalesce(jsonb_agg(jsonb_build_object('row', f.row_number, 'outcome', f.outcome) || f.other_name ORDER BY f.row_number),
      '[]')
    FROM (
      SELECT row_number, outcome, other_name
      FROM client_import_row
      WHERE import_id = r.id
        AND other_name IS NOT NULL
      ORDER BY row_number
      LIMIT 100
    ) f
  ) AS "other_named_rows", r."encoding_choices"
FROM "client_import" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- POST /api/v1/client-imports/:id/cancel/: 400

BEGIN;

SELECT r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed,
  r.other_named, r.undone, r.kept, r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding,
  r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id,
  r.acting_user_id, r.created_by_id, r.state_fields
FROM client_import r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE;

-- next round trip

ROLLBACK;

-- POST /api/v1/client-imports/:id/undo/: 400

BEGIN;

SELECT r.id, r.status, r.row_count, r.next_part, r.processed, r.created, r.updated, r.skipped, r.failed,
  r.other_named, r.undone, r.kept, r.undo_reached, r.undo_started_at, r.fields, r.headers, r.encoding,
  r.delimiter, r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id,
  r.acting_user_id, r.created_by_id, r.state_fields
FROM client_import r
WHERE r.id = $1
  AND true
FOR NO KEY UPDATE;

-- next round trip

ROLLBACK;

-- GET /api/v1/client-imports/:id/failures/: 200

BEGIN;

SELECT headers
FROM client_import r
WHERE r.id = $1
  AND true;

COMMIT;

-- next round trip

BEGIN;

SELECT content
FROM client_import_part
WHERE import_id = $1
  AND number = $2;

-- next round trip

SELECT row_number AS "row", problems
FROM client_import_row
WHERE import_id = $1
  AND outcome = 'FAILED'
  AND row_number = ANY ($2::integer[]);

COMMIT;

-- next round trip

BEGIN;

SELECT content
FROM client_import_part
WHERE import_id = $1
  AND number = $2;

-- next round trip

COMMIT;

-- GET /api/v1/client-imports/:id/not-undone/: 200

BEGIN;

SELECT headers
FROM client_import r
WHERE r.id = $1
  AND true;

COMMIT;

-- next round trip

BEGIN;

SELECT row_number AS "row", client_id AS client, outcome, kept_because AS reason
FROM client_import_row
WHERE import_id = $1
  AND row_number > $2
  AND kept_because IS NOT NULL
ORDER BY row_number
LIMIT 1000;

COMMIT;
