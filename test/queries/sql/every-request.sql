-- after each BEGIN, then where they are not in memory: tenant, user

SELECT pg_catalog.length(pg_catalog.concat( pg_catalog.set_config('role', $1, true), pg_catalog.set_config('search_path', $2, true),
  pg_catalog.set_config('leopard.user_id', $3, true), pg_catalog.set_config('leopard.source', $4, true),
  pg_catalog.set_config('timezone', 'UTC', true), pg_catalog.set_config('datestyle', 'ISO, MDY', true),
  pg_catalog.set_config('intervalstyle', 'postgres', true), pg_catalog.set_config('extra_float_digits', '1', true),
  pg_catalog.set_config('bytea_output', 'hex', true), pg_catalog.set_config('client_encoding', 'UTF8', true),
  pg_catalog.set_config('standard_conforming_strings', 'on', true), pg_catalog.set_config('transform_null_equals', 'off', true),
  pg_catalog.set_config('array_nulls', 'on', true), pg_catalog.set_config('row_security', 'on', true),
  pg_catalog.set_config('gin_fuzzy_search_limit', '0', true), pg_catalog.set_config('statement_timeout',
  coalesce(nullif(pg_catalog.set_config('statement_timeout', NULL, true), '0'), '30s'), true), pg_catalog.set_config('lock_timeout',
  coalesce(nullif(pg_catalog.set_config('lock_timeout', NULL, true), '0'), '10s'), true), pg_catalog.set_config('idle_in_transaction_session_timeout',
  coalesce(nullif(pg_catalog.set_config('idle_in_transaction_session_timeout', NULL, true), '0'), '60s'),
  true)));

SELECT t.id, t.schema_name AS schema, t.name, t.cell, (t.is_active AND t.subscription_status NOT IN ('SUSPENDED', 'CANCELLED')) AS usable,
  CASE WHEN (t.cell IS NULL) THEN CASE WHEN to_regnamespace(quote_ident(t.schema_name)) IS NULL THEN 'its schema is missing'
    WHEN NOT EXISTS (
      SELECT
      FROM public.migration_ledger l
      WHERE l.scope = t.schema_name
        AND l.number >= …
    ) THEN 'migrations are pending' WHEN to_regrole(quote_ident(t.schema_name)) IS NULL THEN 'its role is missing'
    WHEN NOT pg_has_role(to_regrole(quote_ident(t.schema_name))::oid, 'MEMBER') THEN 'the program may not take on its role'
    WHEN NOT has_schema_privilege(to_regrole(quote_ident(t.schema_name))::oid, to_regnamespace(quote_ident(t.schema_name))::oid,
  'USAGE') THEN CASE WHEN (to_jsonb(t) ->> 'work_held_until')::timestamptz > clock_timestamp() THEN 'it is moving to another cell'
    ELSE 'its role may not enter its schema' END END ELSE 'its cell is not configured' END AS trouble,
  t.max_users AS "maxUsers", coalesce(t.settings ->> 'time_zone', 'UTC') AS "timeZone", t.settings ->> 'front_end' AS "frontEnd",
  t.settings -> 'second_factor' AS "secondFactor", t.settings -> 'sessions' AS sessions, floor(extract(epoch FROM t.created_at))::float8 AS "createdAt",
  t.former_names AS "formerNames"
FROM public.tenants_domain d
  JOIN public.tenants_tenant t ON t.id = d.tenant_id
WHERE d.domain IN ($1, $2)
ORDER BY d.domain = $3 DESC
LIMIT 1;

SELECT u.id, u.username, u.email, u.is_active AS "isActive", u.is_superuser AS "isSuperuser", ARRAY(
  SELECT g.name::text
  FROM immigration_user_groups ug
    JOIN auth_group g ON g.id = ug.group_id
  WHERE ug.user_id = u.id
  ORDER BY g.id
) AS groups, ARRAY(
  SELECT ct.app_label || '.' || p.codename
  FROM auth_permission p
    JOIN django_content_type ct ON ct.id = p.content_type_id
  WHERE u.is_superuser
    OR p.id IN (
      SELECT up.permission_id
      FROM immigration_user_user_permissions up
      WHERE up.user_id = u.id
      UNION ALL
      SELECT gp.permission_id
      FROM immigration_user_groups ug
        JOIN auth_group_permissions gp ON gp.group_id = ug.group_id
      WHERE ug.user_id = u.id
    )
) AS permissions, ARRAY(
  SELECT ub.branch_id
  FROM immigration_user_branches ub
    JOIN immigration_branch b ON b.id = ub.branch_id
  WHERE ub.user_id = u.id
    AND b.deleted_at IS NULL
  ORDER BY ub.id
) AS "branchIds", ARRAY(
  SELECT ur.region_id
  FROM immigration_user_regions ur
  WHERE ur.user_id = u.id
  ORDER BY ur.id
) AS "regionIds", ARRAY(
  SELECT b.id
  FROM immigration_user_regions ur
    JOIN immigration_branch b ON b.region_id = ur.region_id
  WHERE ur.user_id = u.id
    AND b.deleted_at IS NULL
  ORDER BY b.id
) AS "regionBranchIds", coalesce((
  SELECT extract(epoch FROM o.created_at)::float8
  FROM token_blacklist_outstandingtoken o
  WHERE o.jti = 'issued-before-' || u.id
), 0) AS "tokensFrom", ARRAY(
  SELECT CASE WHEN (s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated') THEN s.sid ELSE s.access_jti END::text
  FROM user_session s
  WHERE s.user_id = u.id
    AND s.ended_at IS NOT NULL
    AND s.access_until > now() - interval '1 hour'
  ORDER BY s.access_until DESC
  LIMIT 201
) AS "endedSessions"
FROM immigration_user u
WHERE u.id = $1;
