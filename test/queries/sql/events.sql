-- GET /api/v1/events/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_calendar_event" r
WHERE true;

SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM ((
  SELECT r.*, $1::boolean AS over
  FROM "immigration_calendar_event" r
  WHERE tstzrange(least(r.start, r."end"), greatest(r.start, r."end"), '[]') && tstzrange(now(), now(), '[]')
    AND r.start <= now()
    AND r."end" > now()
    AND true
  ORDER BY r.start, r.id
  LIMIT $2
) UNION ALL (
  SELECT r.*, $3::boolean AS over
  FROM "immigration_calendar_event" r
  WHERE r.start > now()
    AND true
  ORDER BY r.start, r.id
  LIMIT $4
) UNION ALL (
  SELECT r.*, $5::boolean AS over
  FROM "immigration_calendar_event" r
  WHERE r.start <= now()
    AND r."end" <= now()
    AND true
  ORDER BY r.start DESC, r.id DESC
  LIMIT $6
)) r
ORDER BY r.over, CASE WHEN NOT r.over THEN "r"."start" END, CASE WHEN NOT r.over THEN "r"."id" END, r.start DESC,
  r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/events/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_calendar_event" r
WHERE ((r.assigned_to_id = $1::bigint OR r.created_by_id = $2::bigint) OR r.assigned_to_id = ANY (ARRAY(
  SELECT r.id
  FROM immigration_user r
  WHERE (EXISTS (
    SELECT
    FROM immigration_user_branches ub
    WHERE ub.user_id = r.id
      AND ub.branch_id = ANY ($3::bigint[])
  ))
)));

SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM ((
  SELECT r.*, $1::boolean AS over
  FROM "immigration_calendar_event" r
  WHERE tstzrange(least(r.start, r."end"), greatest(r.start, r."end"), '[]') && tstzrange(now(), now(), '[]')
    AND r.start <= now()
    AND r."end" > now()
    AND ((r.assigned_to_id = $2::bigint OR r.created_by_id = $3::bigint) OR r.assigned_to_id = ANY (ARRAY(
      SELECT r.id
      FROM immigration_user r
      WHERE (EXISTS (
        SELECT
        FROM immigration_user_branches ub
        WHERE ub.user_id = r.id
          AND ub.branch_id = ANY ($4::bigint[])
      ))
    )))
  ORDER BY r.start, r.id
  LIMIT $5
) UNION ALL (
  SELECT r.*, $6::boolean AS over
  FROM "immigration_calendar_event" r
  WHERE r.start > now()
    AND ((r.assigned_to_id = $7::bigint OR r.created_by_id = $8::bigint) OR r.assigned_to_id = ANY (ARRAY(
      SELECT r.id
      FROM immigration_user r
      WHERE (EXISTS (
        SELECT
        FROM immigration_user_branches ub
        WHERE ub.user_id = r.id
          AND ub.branch_id = ANY ($9::bigint[])
      ))
    )))
  ORDER BY r.start, r.id
  LIMIT $10
) UNION ALL (
  SELECT r.*, $11::boolean AS over
  FROM "immigration_calendar_event" r
  WHERE r.start <= now()
    AND r."end" <= now()
    AND ((r.assigned_to_id = $12::bigint OR r.created_by_id = $13::bigint) OR r.assigned_to_id = ANY (ARRAY(
      SELECT r.id
      FROM immigration_user r
      WHERE (EXISTS (
        SELECT
        FROM immigration_user_branches ub
        WHERE ub.user_id = r.id
          AND ub.branch_id = ANY ($14::bigint[])
      ))
    )))
  ORDER BY r.start DESC, r.id DESC
  LIMIT $15
)) r
ORDER BY r.over, CASE WHEN NOT r.over THEN "r"."start" END, CASE WHEN NOT r.over THEN "r"."id" END, r.start DESC,
  r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/events/: 201

BEGIN;

WITH changed AS (
  INSERT INTO "immigration_calendar_event" ("title", "start", "end", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4, $5)
  RETURNING *
)
SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM changed r;

COMMIT;

-- GET /api/v1/events/today/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_calendar_event" r
WHERE true
  AND r.start < $1::timestamptz
  AND r."end" > $2::timestamptz;

SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM "immigration_calendar_event" r
WHERE true
  AND r.start < $1::timestamptz
  AND r."end" > $2::timestamptz
ORDER BY r.start, r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/events/today/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_calendar_event" r
WHERE ((r.assigned_to_id = $1::bigint OR r.created_by_id = $2::bigint) OR r.assigned_to_id = ANY (ARRAY(
  SELECT r.id
  FROM immigration_user r
  WHERE (EXISTS (
    SELECT
    FROM immigration_user_branches ub
    WHERE ub.user_id = r.id
      AND ub.branch_id = ANY ($3::bigint[])
  ))
)))
  AND r.start < $4::timestamptz
  AND r."end" > $5::timestamptz;

SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM "immigration_calendar_event" r
WHERE ((r.assigned_to_id = $1::bigint OR r.created_by_id = $2::bigint) OR r.assigned_to_id = ANY (ARRAY(
  SELECT r.id
  FROM immigration_user r
  WHERE (EXISTS (
    SELECT
    FROM immigration_user_branches ub
    WHERE ub.user_id = r.id
      AND ub.branch_id = ANY ($3::bigint[])
  ))
)))
  AND r.start < $4::timestamptz
  AND r."end" > $5::timestamptz
ORDER BY r.start, r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/events/upcoming/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_calendar_event" r
WHERE true
  AND ("r"."start" >= $1::timestamptz AND "r"."start" < $2::timestamptz);

SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM "immigration_calendar_event" r
WHERE true
  AND ("r"."start" >= $1::timestamptz AND "r"."start" < $2::timestamptz)
ORDER BY r.start, r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/events/upcoming/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_calendar_event" r
WHERE ((r.assigned_to_id = $1::bigint OR r.created_by_id = $2::bigint) OR r.assigned_to_id = ANY (ARRAY(
  SELECT r.id
  FROM immigration_user r
  WHERE (EXISTS (
    SELECT
    FROM immigration_user_branches ub
    WHERE ub.user_id = r.id
      AND ub.branch_id = ANY ($3::bigint[])
  ))
)))
  AND ("r"."start" >= $4::timestamptz AND "r"."start" < $5::timestamptz);

SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM "immigration_calendar_event" r
WHERE ((r.assigned_to_id = $1::bigint OR r.created_by_id = $2::bigint) OR r.assigned_to_id = ANY (ARRAY(
  SELECT r.id
  FROM immigration_user r
  WHERE (EXISTS (
    SELECT
    FROM immigration_user_branches ub
    WHERE ub.user_id = r.id
      AND ub.branch_id = ANY ($3::bigint[])
  ))
)))
  AND ("r"."start" >= $4::timestamptz AND "r"."start" < $5::timestamptz)
ORDER BY r.start, r.id
LIMIT 25;

COMMIT;

-- GET /api/v1/events/:id/: 200

BEGIN;

SELECT e.*, v.visible
FROM (
  SELECT r.id, true AS visible
  FROM immigration_calendar_event r
  WHERE r.id = $1::bigint
) v
  JOIN LATERAL (
    SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
        ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
        WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
      r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
      (
        SELECT trim("n"."first_name" || ' ' || "n"."last_name")
        FROM immigration_user n
        WHERE n.id = r."assigned_to_id"
      ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch",
      r."branch_id", (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name",
      r."created_by_id" AS "created_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name",
      r."created_at", r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
      r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
      AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
    FROM "immigration_calendar_event" r
    WHERE r.id = v.id
  ) e ON true;

COMMIT;

-- PATCH /api/v1/events/:id/: 200

BEGIN;

SELECT r.*, true AS visible
FROM immigration_calendar_event r
WHERE r.id = $1::bigint
FOR UPDATE OF r;

-- next round trip

WITH changed AS (
  UPDATE "immigration_calendar_event"
  SET "title" = $1, "start" = $2, "end" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5::bigint
  RETURNING *
)
SELECT r."id", r."title", r."description", r."start", r."end", (CASE WHEN extract(day FROM "r"."duration") = 0 THEN ''
    ELSE extract(day FROM "r"."duration") || ' ' END || (to_char("r"."duration", 'HH24:MI:SS') || CASE to_char("r"."duration", 'US')
    WHEN '000000' THEN '' ELSE '.' || to_char("r"."duration", 'US') END)) AS "duration", floor(extract(epoch FROM r."end" - r.start) / 60)::bigint AS "duration_minutes",
  r."assigned_to_id" AS "assigned_to", (SELECT n.username FROM immigration_user n WHERE n.id = r."assigned_to_id") AS "assigned_to_name",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_full_name", r."hex_color", r."location", r."all_day", r."branch_id" AS "branch", r."branch_id",
  (SELECT n.name FROM "immigration_branch" n WHERE n.id = r."branch_id") AS "branch_name", r."created_by_id" AS "created_by",
  (SELECT n.username FROM immigration_user n WHERE n.id = r."created_by_id") AS "created_by_name", r."created_at",
  r."updated_by_id" AS "updated_by", (SELECT n.username FROM immigration_user n WHERE n.id = r."updated_by_id") AS "updated_by_name",
  r."updated_at", r."end" <= now() AS "is_past", r.start <= now()
  AND r."end" > now() AS "is_ongoing", r.start > now() AS "is_upcoming"
FROM changed r;

COMMIT;

-- DELETE /api/v1/events/:id/: 204

BEGIN;

SELECT r.*, true AS visible
FROM immigration_calendar_event r
WHERE r.id = $1::bigint
FOR UPDATE OF r;

-- next round trip

DELETE FROM "immigration_calendar_event"
WHERE id = $1::bigint;

COMMIT;
