-- GET /api/v1/deliveries/: 200

BEGIN;

SELECT count(*) AS count
FROM (SELECT FROM "delivery" r WHERE true ORDER BY r.id DESC LIMIT 10000) r;

SELECT r."id", r."kind", r."status", r."event_type", r."event_id" AS "event", r."endpoint_id" AS "endpoint",
  coalesce(r.recipient, (SELECT w.url FROM webhook_endpoint w WHERE w.id = r.endpoint_id)) AS "to", r."attempts",
  CASE WHEN r.status = 'PENDING' THEN r.next_attempt_at END AS "next_attempt_at", r."last_error", r."created_at",
  r."sent_at"
FROM "delivery" r
WHERE true
ORDER BY r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/deliveries/retry/: 200

BEGIN;

SELECT
FROM webhook_endpoint
ORDER BY id
FOR NO KEY UPDATE;

-- next round trip

UPDATE delivery
SET status = 'PENDING', attempts = 0, next_attempt_at = now(), sent_at = NULL, fresh_since = now()
WHERE id IN (
  SELECT d.id
  FROM delivery d
  WHERE d.id = ANY ($1::bigint[])
    AND (d.kind = 'email' OR EXISTS ( SELECT FROM webhook_endpoint w WHERE w.id = d.endpoint_id AND w.is_active))
  ORDER BY d.id
  LIMIT $2
  FOR UPDATE OF d
)
RETURNING id;

-- next round trip

COMMIT;

-- POST /api/v1/deliveries/cancel/: 200

BEGIN;

SELECT
FROM webhook_endpoint
ORDER BY id
FOR NO KEY UPDATE;

-- next round trip

UPDATE delivery
SET status = 'CANCELLED', last_error = 'cancelled by hand'
WHERE id IN (
  SELECT d.id
  FROM delivery d
  WHERE d.id = ANY ($1::bigint[])
    AND d.status IN ('PENDING', 'HELD')
  ORDER BY d.id
  LIMIT $2
  FOR UPDATE OF d
)
RETURNING id;

-- next round trip

COMMIT;

-- GET /api/v1/deliveries/:id/: 200

BEGIN;

SELECT r."id", r."kind", r."status", r."event_type", r."event_id" AS "event", r."endpoint_id" AS "endpoint",
  coalesce(r.recipient, (SELECT w.url FROM webhook_endpoint w WHERE w.id = r.endpoint_id)) AS "to", r."attempts",
  CASE WHEN r.status = 'PENDING' THEN r.next_attempt_at END AS "next_attempt_at", r."last_error", r."created_at",
  r."sent_at", r."idempotency_key", r."subject", r."body", coalesce((
    SELECT json_agg(json_build_object( 'attempted_at', to_char(a.attempted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'duration_ms', a.duration_ms, 'status_code', a.status_code, 'answer', a.answer, 'error', a.error) ORDER BY a.id)
    FROM delivery_attempt a
    WHERE a.delivery_id = r.id
  ), '[]') AS "log"
FROM "delivery" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- POST /api/v1/deliveries/:id/retry/: 200

BEGIN;

SELECT
FROM webhook_endpoint
ORDER BY id
FOR NO KEY UPDATE;

-- next round trip

SELECT r.*
FROM "delivery" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM webhook_endpoint
ORDER BY id
FOR NO KEY UPDATE;

-- next round trip

UPDATE delivery
SET status = 'PENDING', attempts = 0, next_attempt_at = now(), sent_at = NULL, fresh_since = now()
WHERE id IN (
  SELECT d.id
  FROM delivery d
  WHERE d.id = ANY ($1::bigint[])
    AND (d.kind = 'email' OR EXISTS ( SELECT FROM webhook_endpoint w WHERE w.id = d.endpoint_id AND w.is_active))
  ORDER BY d.id
  LIMIT $2
  FOR UPDATE OF d
)
RETURNING id;

-- next round trip

SELECT r."id", r."kind", r."status", r."event_type", r."event_id" AS "event", r."endpoint_id" AS "endpoint",
  coalesce(r.recipient, (SELECT w.url FROM webhook_endpoint w WHERE w.id = r.endpoint_id)) AS "to", r."attempts",
  CASE WHEN r.status = 'PENDING' THEN r.next_attempt_at END AS "next_attempt_at", r."last_error", r."created_at",
  r."sent_at", r."idempotency_key", r."subject", r."body", coalesce((
    SELECT json_agg(json_build_object( 'attempted_at', to_char(a.attempted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'duration_ms', a.duration_ms, 'status_code', a.status_code, 'answer', a.answer, 'error', a.error) ORDER BY a.id)
    FROM delivery_attempt a
    WHERE a.delivery_id = r.id
  ), '[]') AS "log"
FROM "delivery" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- POST /api/v1/deliveries/:id/cancel/: 200

BEGIN;

SELECT
FROM webhook_endpoint
ORDER BY id
FOR NO KEY UPDATE;

-- next round trip

SELECT r.*
FROM "delivery" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT
FROM webhook_endpoint
ORDER BY id
FOR NO KEY UPDATE;

-- next round trip

UPDATE delivery
SET status = 'CANCELLED', last_error = 'cancelled by hand'
WHERE id IN (
  SELECT d.id
  FROM delivery d
  WHERE d.id = ANY ($1::bigint[])
    AND d.status IN ('PENDING', 'HELD')
  ORDER BY d.id
  LIMIT $2
  FOR UPDATE OF d
)
RETURNING id;

-- next round trip

SELECT r."id", r."kind", r."status", r."event_type", r."event_id" AS "event", r."endpoint_id" AS "endpoint",
  coalesce(r.recipient, (SELECT w.url FROM webhook_endpoint w WHERE w.id = r.endpoint_id)) AS "to", r."attempts",
  CASE WHEN r.status = 'PENDING' THEN r.next_attempt_at END AS "next_attempt_at", r."last_error", r."created_at",
  r."sent_at", r."idempotency_key", r."subject", r."body", coalesce((
    SELECT json_agg(json_build_object( 'attempted_at', to_char(a.attempted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'duration_ms', a.duration_ms, 'status_code', a.status_code, 'answer', a.answer, 'error', a.error) ORDER BY a.id)
    FROM delivery_attempt a
    WHERE a.delivery_id = r.id
  ), '[]') AS "log"
FROM "delivery" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;
