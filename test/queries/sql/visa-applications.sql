-- GET /api/v1/visa-applications/: 200

BEGIN;

SELECT count(*) AS count
FROM "immigration_visaapplication" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
);

SELECT r."id", r."client_id" AS "client", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_client n
  WHERE n.id = r."client_id"
) AS "client_name", r."visa_type_id" AS "visa_type", (SELECT n."name" FROM "immigration_visatype" n WHERE n.id = r."visa_type_id") AS "visa_type_name",
  (
    SELECT k.name
    FROM immigration_visatype t
      JOIN immigration_visacategory k ON k.id = t.visa_category_id
    WHERE t.id = r.visa_type_id
  ) AS "visa_category_name", r."transaction_reference_no", r."immigration_fee", r."immigration_fee_currency",
  r."service_fee", r."service_fee_currency", r."dependent", r."notes", r."assigned_to_id" AS "assigned_to",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."required_documents", r."expiry_date", r."date_applied", r."date_opened",
  r."final_date", r."date_granted", r."date_rejected", r."date_withdrawn", r."status", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM "immigration_visaapplication" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
)
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- GET /api/v1/visa-applications/, for one branch

BEGIN;

SELECT count(*) AS count
FROM "immigration_visaapplication" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
);

SELECT r."id", r."client_id" AS "client", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_client n
  WHERE n.id = r."client_id"
) AS "client_name", r."visa_type_id" AS "visa_type", (SELECT n."name" FROM "immigration_visatype" n WHERE n.id = r."visa_type_id") AS "visa_type_name",
  (
    SELECT k.name
    FROM immigration_visatype t
      JOIN immigration_visacategory k ON k.id = t.visa_category_id
    WHERE t.id = r.visa_type_id
  ) AS "visa_category_name", r."transaction_reference_no", r."immigration_fee", r."immigration_fee_currency",
  r."service_fee", r."service_fee_currency", r."dependent", r."notes", r."assigned_to_id" AS "assigned_to",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."required_documents", r."expiry_date", r."date_applied", r."date_opened",
  r."final_date", r."date_granted", r."date_rejected", r."date_withdrawn", r."status", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM "immigration_visaapplication" r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
)
ORDER BY r.created_at DESC, r.id DESC
LIMIT 25;

COMMIT;

-- POST /api/v1/visa-applications/: 201

BEGIN;

SELECT id, branch_id AS branch
FROM immigration_client
WHERE id = $1
  AND deleted_at IS NULL
FOR KEY SHARE;

-- next round trip

SELECT checklist
FROM immigration_visatype
WHERE id = $1
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  INSERT INTO "immigration_visaapplication" ("client_id", "visa_type_id", "immigration_fee", "service_fee",
    "required_documents", "created_by_id", "updated_by_id")
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  RETURNING *
)
SELECT r."id", r."client_id" AS "client", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_client n
  WHERE n.id = r."client_id"
) AS "client_name", r."visa_type_id" AS "visa_type", (SELECT n."name" FROM "immigration_visatype" n WHERE n.id = r."visa_type_id") AS "visa_type_name",
  (
    SELECT k.name
    FROM immigration_visatype t
      JOIN immigration_visacategory k ON k.id = t.visa_category_id
    WHERE t.id = r.visa_type_id
  ) AS "visa_category_name", r."transaction_reference_no", r."immigration_fee", r."immigration_fee_currency",
  r."service_fee", r."service_fee_currency", r."dependent", r."notes", r."assigned_to_id" AS "assigned_to",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."required_documents", r."expiry_date", r."date_applied", r."date_opened",
  r."final_date", r."date_granted", r."date_rejected", r."date_withdrawn", r."status", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- GET /api/v1/visa-applications/dashboard-statistics/: 200

BEGIN;

WITH counted AS MATERIALIZED (
  SELECT r.status, r.visa_type_id, count(*) AS count, count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned,
    count(*) FILTER (WHERE ("r"."created_at" >= $1::timestamptz AND "r"."created_at" < $2::timestamptz)) AS "created_today",
    count(*) FILTER (WHERE r.status = 'GRANTED' AND ("r"."date_granted" >= $3::date AND "r"."date_granted" < $4::date)) AS "granted_today",
    count(*) FILTER (WHERE ("r"."created_at" >= $5::timestamptz AND "r"."created_at" < $6::timestamptz)) AS "created_this_week",
    count(*) FILTER (WHERE r.status = 'GRANTED' AND ("r"."date_granted" >= $7::date AND "r"."date_granted" < $8::date)) AS "granted_this_week",
    count(*) FILTER (WHERE ("r"."created_at" >= $9::timestamptz AND "r"."created_at" < $10::timestamptz)) AS "created_this_month",
    count(*) FILTER (WHERE r.status = 'GRANTED' AND ("r"."date_granted" >= $11::date AND "r"."date_granted" < $12::date)) AS "granted_this_month"
  FROM immigration_visaapplication r
  WHERE EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND true
  )
  GROUP BY r.status, r.visa_type_id
)
SELECT status, 0 AS place, NULL::bigint AS type, NULL::text AS name, sum(count)::bigint AS count, sum(unassigned)::bigint AS unassigned,
  sum("created_today")::bigint AS "created_today", sum("granted_today")::bigint AS "granted_today", sum("created_this_week")::bigint AS "created_this_week",
  sum("granted_this_week")::bigint AS "granted_this_week", sum("created_this_month")::bigint AS "created_this_month",
  sum("granted_this_month")::bigint AS "granted_this_month"
FROM counted
GROUP BY status
UNION ALL (
  SELECT NULL, row_number() OVER (ORDER BY used.count DESC, t.name, t.id), t.id, t.name, used.count, 0,
    0, 0, 0, 0, 0, 0
  FROM (
    SELECT visa_type_id, sum(count)::bigint AS count
    FROM counted
    GROUP BY visa_type_id
  ) used
    JOIN immigration_visatype t ON t.id = used.visa_type_id
  ORDER BY used.count DESC, t.name, t.id
  LIMIT 5
);

SELECT r."id", (SELECT n."first_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__first_name",
  (SELECT n."last_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__last_name",
  (SELECT n."name" FROM "immigration_visatype" n WHERE n.id = r."visa_type_id") AS "visa_type__name",
  r."status", r."created_at"
FROM immigration_visaapplication r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
)
ORDER BY r.created_at DESC, r.id DESC
LIMIT 5;

COMMIT;

-- GET /api/v1/visa-applications/dashboard-statistics/, for one branch

BEGIN;

WITH counted AS MATERIALIZED (
  SELECT r.status, r.visa_type_id, count(*) AS count, count(*) FILTER (WHERE r.assigned_to_id IS NULL) AS unassigned,
    count(*) FILTER (WHERE ("r"."created_at" >= $1::timestamptz AND "r"."created_at" < $2::timestamptz)) AS "created_today",
    count(*) FILTER (WHERE r.status = 'GRANTED' AND ("r"."date_granted" >= $3::date AND "r"."date_granted" < $4::date)) AS "granted_today",
    count(*) FILTER (WHERE ("r"."created_at" >= $5::timestamptz AND "r"."created_at" < $6::timestamptz)) AS "created_this_week",
    count(*) FILTER (WHERE r.status = 'GRANTED' AND ("r"."date_granted" >= $7::date AND "r"."date_granted" < $8::date)) AS "granted_this_week",
    count(*) FILTER (WHERE ("r"."created_at" >= $9::timestamptz AND "r"."created_at" < $10::timestamptz)) AS "created_this_month",
    count(*) FILTER (WHERE r.status = 'GRANTED' AND ("r"."date_granted" >= $11::date AND "r"."date_granted" < $12::date)) AS "granted_this_month"
  FROM immigration_visaapplication r
  WHERE EXISTS (
    SELECT
    FROM immigration_client c
    WHERE c.id = "r"."client_id"
      AND c.deleted_at IS NULL
      AND "c"."branch_id" = ANY ($13::bigint[])
  )
  GROUP BY r.status, r.visa_type_id
)
SELECT status, 0 AS place, NULL::bigint AS type, NULL::text AS name, sum(count)::bigint AS count, sum(unassigned)::bigint AS unassigned,
  sum("created_today")::bigint AS "created_today", sum("granted_today")::bigint AS "granted_today", sum("created_this_week")::bigint AS "created_this_week",
  sum("granted_this_week")::bigint AS "granted_this_week", sum("created_this_month")::bigint AS "created_this_month",
  sum("granted_this_month")::bigint AS "granted_this_month"
FROM counted
GROUP BY status
UNION ALL (
  SELECT NULL, row_number() OVER (ORDER BY used.count DESC, t.name, t.id), t.id, t.name, used.count, 0,
    0, 0, 0, 0, 0, 0
  FROM (
    SELECT visa_type_id, sum(count)::bigint AS count
    FROM counted
    GROUP BY visa_type_id
  ) used
    JOIN immigration_visatype t ON t.id = used.visa_type_id
  ORDER BY used.count DESC, t.name, t.id
  LIMIT 5
);

SELECT r."id", (SELECT n."first_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__first_name",
  (SELECT n."last_name" FROM "immigration_client" n WHERE n.id = r."client_id") AS "client__last_name",
  (SELECT n."name" FROM "immigration_visatype" n WHERE n.id = r."visa_type_id") AS "visa_type__name",
  r."status", r."created_at"
FROM immigration_visaapplication r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
)
ORDER BY r.created_at DESC, r.id DESC
LIMIT 5;

COMMIT;

-- GET /api/v1/visa-applications/status-counts/: 200

BEGIN;

SELECT r.status, count(*) AS count
FROM immigration_visaapplication r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND true
)
GROUP BY r.status;

COMMIT;

-- GET /api/v1/visa-applications/status-counts/, for one branch

BEGIN;

SELECT r.status, count(*) AS count
FROM immigration_visaapplication r
WHERE EXISTS (
  SELECT
  FROM immigration_client c
  WHERE c.id = "r"."client_id"
    AND c.deleted_at IS NULL
    AND "c"."branch_id" = ANY ($1::bigint[])
)
GROUP BY r.status;

COMMIT;

-- GET /api/v1/visa-applications/:id/: 200

BEGIN;

SELECT c.branch_id AS branch
FROM "immigration_visaapplication" a
  JOIN immigration_client c ON c.id = a.client_id
WHERE a.id = $1::bigint;

SELECT r."id", r."client_id" AS "client", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_client n
  WHERE n.id = r."client_id"
) AS "client_name", r."visa_type_id" AS "visa_type", (SELECT n."name" FROM "immigration_visatype" n WHERE n.id = r."visa_type_id") AS "visa_type_name",
  (
    SELECT k.name
    FROM immigration_visatype t
      JOIN immigration_visacategory k ON k.id = t.visa_category_id
    WHERE t.id = r.visa_type_id
  ) AS "visa_category_name", r."transaction_reference_no", r."immigration_fee", r."immigration_fee_currency",
  r."service_fee", r."service_fee_currency", r."dependent", r."notes", r."assigned_to_id" AS "assigned_to",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."required_documents", r."expiry_date", r."date_applied", r."date_opened",
  r."final_date", r."date_granted", r."date_rejected", r."date_withdrawn", r."status", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM "immigration_visaapplication" r
WHERE r.id = $1::bigint
  AND true;

COMMIT;

-- PATCH /api/v1/visa-applications/:id/: 200

BEGIN;

SELECT c.branch_id AS branch
FROM "immigration_visaapplication" a
  JOIN immigration_client c ON c.id = a.client_id
WHERE a.id = $1::bigint;

SELECT r.*
FROM "immigration_visaapplication" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

SELECT checklist
FROM immigration_visatype
WHERE id = $1
FOR KEY SHARE;

-- next round trip

WITH changed AS (
  UPDATE "immigration_visaapplication"
  SET "visa_type_id" = $1, "immigration_fee" = $2, "service_fee" = $3, "updated_by_id" = $4, "updated_at" = now()
  WHERE id = $5::bigint
  RETURNING *
)
SELECT r."id", r."client_id" AS "client", (
  SELECT trim("n"."first_name" || ' ' || "n"."last_name")
  FROM immigration_client n
  WHERE n.id = r."client_id"
) AS "client_name", r."visa_type_id" AS "visa_type", (SELECT n."name" FROM "immigration_visatype" n WHERE n.id = r."visa_type_id") AS "visa_type_name",
  (
    SELECT k.name
    FROM immigration_visatype t
      JOIN immigration_visacategory k ON k.id = t.visa_category_id
    WHERE t.id = r.visa_type_id
  ) AS "visa_category_name", r."transaction_reference_no", r."immigration_fee", r."immigration_fee_currency",
  r."service_fee", r."service_fee_currency", r."dependent", r."notes", r."assigned_to_id" AS "assigned_to",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."assigned_to_id"
  ) AS "assigned_to_name", r."required_documents", r."expiry_date", r."date_applied", r."date_opened",
  r."final_date", r."date_granted", r."date_rejected", r."date_withdrawn", r."status", r."created_by_id" AS "created_by",
  (
    SELECT trim("n"."first_name" || ' ' || "n"."last_name")
    FROM immigration_user n
    WHERE n.id = r."created_by_id"
  ) AS "created_by_name", r."created_at", r."updated_by_id" AS "updated_by", r."updated_at"
FROM changed r;

COMMIT;

-- DELETE /api/v1/visa-applications/:id/: 204

BEGIN;

SELECT c.branch_id AS branch
FROM "immigration_visaapplication" a
  JOIN immigration_client c ON c.id = a.client_id
WHERE a.id = $1::bigint;

SELECT r.*
FROM "immigration_visaapplication" r
WHERE r.id = $1::bigint
  AND true
FOR NO KEY UPDATE;

-- next round trip

DELETE FROM "immigration_visaapplication"
WHERE id = $1::bigint;

COMMIT;
