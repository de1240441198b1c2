-- GET /api/v1/notifications/: 200

BEGIN;

SELECT count(*) AS count
FROM immigration_notification r
WHERE r.assigned_to_id = $1;

SELECT r."id", r."notification_type", r."assigned_to_id" AS "assigned_to", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."assigned_to_id"
) AS "assigned_to_name", r."title", r."message", r."due_date", r."meta_info", r."read", r."read_at", r."is_completed",
  coalesce(r.due_date < now(), false) AS "is_overdue", r."created_at", r."updated_at"
FROM immigration_notification r
WHERE r.assigned_to_id = $1
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/notifications/bulk_mark_read/: 200

BEGIN;

UPDATE immigration_notification
SET read = true, read_at = now(), updated_at = now(), updated_by_id = $1
WHERE id IN (
  SELECT id
  FROM immigration_notification
  WHERE id = ANY ($2::bigint[])
    AND assigned_to_id = $3
    AND NOT read
  ORDER BY id
  FOR NO KEY UPDATE
)
RETURNING id;

-- next round trip

SELECT pg_notify($1, $2);

COMMIT;

-- GET /api/v1/notifications/overdue/: 200

BEGIN;

SELECT r."id", r."notification_type", r."assigned_to_id" AS "assigned_to", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."assigned_to_id"
) AS "assigned_to_name", r."title", r."message", r."due_date", r."meta_info", r."read", r."read_at", r."is_completed",
  coalesce(r.due_date < now(), false) AS "is_overdue", r."created_at", r."updated_at"
FROM immigration_notification r
WHERE r.assigned_to_id = $1
  AND r.due_date < now()
  AND NOT r.is_completed
ORDER BY r.due_date, r.id;

COMMIT;

-- GET /api/v1/notifications/unread_count/: 200

BEGIN;

SELECT coalesce(sum(n), 0)::bigint AS unread_count
FROM unread_count
WHERE user_id = $1;

COMMIT;

-- GET /api/v1/notifications/:id/: 200

BEGIN;

SELECT r."id", r."notification_type", r."assigned_to_id" AS "assigned_to", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."assigned_to_id"
) AS "assigned_to_name", r."title", r."message", r."due_date", r."meta_info", r."read", r."read_at", r."is_completed",
  coalesce(r.due_date < now(), false) AS "is_overdue", r."created_at", r."updated_at"
FROM immigration_notification r
WHERE r.id = $1
  AND r.assigned_to_id = $2;

COMMIT;

-- POST /api/v1/notifications/:id/mark_read/: 200

BEGIN;

SELECT r."id", r."notification_type", r."assigned_to_id" AS "assigned_to", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."assigned_to_id"
) AS "assigned_to_name", r."title", r."message", r."due_date", r."meta_info", r."read", r."read_at", r."is_completed",
  coalesce(r.due_date < now(), false) AS "is_overdue", r."created_at", r."updated_at"
FROM immigration_notification r
WHERE r.id = $1
  AND r.assigned_to_id = $2
FOR NO KEY UPDATE;

-- next round trip

SELECT pg_notify($1, $2);

WITH changed AS (
  UPDATE immigration_notification
  SET read = $1, is_completed = $2, read_at = CASE WHEN NOT $3 THEN NULL WHEN read THEN read_at ELSE now() END,
    updated_at = now(), updated_by_id = $4
  WHERE id = $5
  RETURNING *
)
SELECT r."id", r."notification_type", r."assigned_to_id" AS "assigned_to", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."assigned_to_id"
) AS "assigned_to_name", r."title", r."message", r."due_date", r."meta_info", r."read", r."read_at", r."is_completed",
  coalesce(r.due_date < now(), false) AS "is_overdue", r."created_at", r."updated_at"
FROM changed r;

COMMIT;

-- PUT /api/v1/notifications/:id/update_notification/: 200

BEGIN;

SELECT r."id", r."notification_type", r."assigned_to_id" AS "assigned_to", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."assigned_to_id"
) AS "assigned_to_name", r."title", r."message", r."due_date", r."meta_info", r."read", r."read_at", r."is_completed",
  coalesce(r.due_date < now(), false) AS "is_overdue", r."created_at", r."updated_at"
FROM immigration_notification r
WHERE r.id = $1
  AND r.assigned_to_id = $2
FOR NO KEY UPDATE;

-- next round trip

COMMIT;

-- PATCH /api/v1/notifications/:id/update_notification/: 200

BEGIN;

SELECT r."id", r."notification_type", r."assigned_to_id" AS "assigned_to", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_user n
  WHERE n.id = r."assigned_to_id"
) AS "assigned_to_name", r."title", r."message", r."due_date", r."meta_info", r."read", r."read_at", r."is_completed",
  coalesce(r.due_date < now(), false) AS "is_overdue", r."created_at", r."updated_at"
FROM immigration_notification r
WHERE r.id = $1
  AND r.assigned_to_id = $2
FOR NO KEY UPDATE;

-- next round trip

COMMIT;
