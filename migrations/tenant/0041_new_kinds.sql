-- For migrations that create the table of a new kind of records: its content type, the four permissions on it, held by
-- the two groups that hold all, and the log of its changes. What others are to hold, a migration grants.

CREATE FUNCTION add_kind(relation name, model text, called text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- One more than the last in every tenant: a sequence also counts what was rolled back, and front ends store the ids.
  content_type integer := (SELECT max(id) + 1 FROM django_content_type);
  permission integer := (SELECT max(id) FROM auth_permission);
BEGIN
  INSERT INTO django_content_type (id, app_label, model) VALUES (content_type, 'immigration', add_kind.model);
  INSERT INTO auth_permission (id, name, content_type_id, codename)
  SELECT permission + place, 'Can ' || verb || ' ' || called, content_type, verb || '_' || add_kind.model
  FROM unnest(ARRAY['add', 'change', 'delete', 'view']) WITH ORDINALITY AS verbs (verb, place);
  PERFORM setval(pg_get_serial_sequence('django_content_type', 'id'), content_type),
    setval(pg_get_serial_sequence('auth_permission', 'id'), permission + 4);
  INSERT INTO auth_group_permissions (group_id, permission_id)
  SELECT g.id, p.id FROM auth_group g CROSS JOIN auth_permission p
  WHERE g.name IN ('SUPER_ADMIN', 'BRANCH_ADMIN') AND p.content_type_id = content_type ORDER BY g.id, p.id;
  PERFORM audit_table(relation, add_kind.model, 'id', '{}');
END
$$;
