-- GET /api/v1/webhooks/: 200

BEGIN;

SELECT id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at
FROM webhook_endpoint
ORDER BY id;

-- next round trip

COMMIT;

-- POST /api/v1/webhooks/: 201

BEGIN;

SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext('webhook endpoints'));

INSERT INTO webhook_endpoint (url, secret, event_types)
SELECT $1, $2, $3::jsonb
WHERE (SELECT count(*) FROM webhook_endpoint) < $4
RETURNING id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at;

-- next round trip

COMMIT;

-- GET /api/v1/webhooks/:id/: 200

BEGIN;

SELECT id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at
FROM webhook_endpoint
WHERE id = $1;

-- next round trip

COMMIT;

-- PATCH /api/v1/webhooks/:id/: 200

BEGIN;

SELECT id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at
FROM webhook_endpoint
WHERE id = $1;

-- next round trip

UPDATE webhook_endpoint
SET url = coalesce($1, url), event_types = coalesce($2::jsonb, event_types), updated_at = now()
WHERE id = $3
RETURNING id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at;

-- next round trip

COMMIT;

-- DELETE /api/v1/webhooks/:id/: 204

BEGIN;

DELETE FROM webhook_endpoint
WHERE id = $1
RETURNING id;

-- next round trip

COMMIT;

-- POST /api/v1/webhooks/:id/enable/: 200

BEGIN;

UPDATE webhook_endpoint
SET is_active = $1, disabled_reason = $2, failures = 0, failing_since = NULL, updated_at = now()
WHERE id = $3
RETURNING id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at;

-- next round trip

COMMIT;

-- POST /api/v1/webhooks/:id/disable/: 200

BEGIN;

SELECT id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at
FROM webhook_endpoint
WHERE id = $1;

-- next round trip

UPDATE webhook_endpoint
SET is_active = $1, disabled_reason = $2, failures = 0, failing_since = NULL, updated_at = now()
WHERE id = $3
RETURNING id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at;

-- next round trip

COMMIT;

-- POST /api/v1/webhooks/:id/rotate-secret/: 200

BEGIN;

SELECT id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at
FROM webhook_endpoint
WHERE id = $1;

-- next round trip

UPDATE webhook_endpoint
SET secret = $1, secret_set_at = now(), previous_secret = CASE WHEN $2::float8 > 0 THEN secret END, previous_secret_until = CASE
    WHEN $3::float8 > 0 THEN now() + make_interval(secs => $4) END, updated_at = now()
WHERE id = $5
RETURNING id, url, event_types, is_active, disabled_reason, failures, to_char("secret_set_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN to_char("previous_secret_until" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS previous_secret_until,
  to_char("created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at;

-- next round trip

COMMIT;

-- POST /api/v1/webhooks/:id/test/: 200

BEGIN;

SELECT e.url, to_json(array_remove( ARRAY[e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END],
  NULL)) AS secrets
FROM webhook_endpoint e
WHERE e.id = $1;

-- next round trip

COMMIT;
