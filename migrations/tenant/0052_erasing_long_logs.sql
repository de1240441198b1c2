-- Erasing a client within the time limit of a statement, in agencies with long logs: each is read as few times as can be.

CREATE OR REPLACE FUNCTION records_of_client(client bigint) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  found text[] := ARRAY['client:' || client];
  more text[];
  before integer;
  entities text[] := '{}';
  relation record;
BEGIN
  FOR relation IN
    SELECT k.conrelid::regclass AS name, a.attname AS key, split_part(encode(t.tgargs, 'escape'), '\000', 1) AS entity
    FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    JOIN pg_trigger t ON t.tgrelid = k.conrelid AND t.tgname = 'audit_insert'
    WHERE k.contype = 'f' AND k.confrelid = 'immigration_client'::regclass
  LOOP
    EXECUTE format('SELECT array_agg(%L || id) FROM %s WHERE %I = $1', relation.entity || ':', relation.name, relation.key)
      INTO more USING client;
    found := found || coalesce(more, '{}');
    IF relation.key = 'client_id' AND relation.entity <> 'profilepicture' THEN
      entities := entities || relation.entity;
    END IF;
  END LOOP;
  -- Deleted ones, in one pass over the log.
  SELECT array_agg(DISTINCT e.entity || ':' || e.record_id) INTO more FROM audit_entry e
  WHERE e.record_id IS NOT NULL AND e.entity = ANY (entities)
    AND (e.after @> jsonb_build_object('client_id', client) OR e.before @> jsonb_build_object('client_id', client));
  found := ARRAY(SELECT DISTINCT unnest(found || coalesce(more, '{}')));
  FOR round IN 1 .. 5 LOOP
    before := cardinality(found);
    FOR relation IN
      SELECT a.attrelid::regclass AS name, split_part(encode(t.tgargs, 'escape'), '\000', 1) AS entity
      FROM pg_attribute a JOIN pg_trigger t ON t.tgrelid = a.attrelid AND t.tgname = 'audit_insert'
      JOIN pg_class c ON c.oid = a.attrelid
      WHERE a.attname = 'object_id' AND NOT a.attisdropped AND c.relnamespace = current_schema()::regnamespace
    LOOP
      EXECUTE format(
        'SELECT array_agg(%1$L || id) FROM (
           SELECT r.id FROM %2$s r JOIN django_content_type t ON t.id = r.content_type_id
           WHERE t.model || '':'' || r.object_id = ANY ($1)
           UNION
           SELECT e.record_id FROM audit_entry e
           JOIN django_content_type t ON t.id::text = coalesce(e.after, e.before) ->> ''content_type_id''
           WHERE e.entity = %3$L AND t.model || '':'' || (coalesce(e.after, e.before) ->> ''object_id'') = ANY ($1)
             AND NOT EXISTS (SELECT FROM %2$s r WHERE r.id = e.record_id)) linked',
        relation.entity || ':', relation.name, relation.entity) INTO more USING found;
      found := ARRAY(SELECT DISTINCT unnest(found || coalesce(more, '{}')));
    END LOOP;
    EXIT WHEN cardinality(found) = before;
  END LOOP;
  RETURN found;
END
$$;

CREATE OR REPLACE FUNCTION erase_client(client bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  records text[];
  words text[];
  events bigint[];
  notifications bigint[];
  imports bigint[];
  files jsonb;
  counts jsonb := '{}';
  was_archived boolean;
  relation record;
  naming text;
  n bigint;
  stages CONSTANT text[] := '{LEAD,FOLLOW_UP,CLIENT,CLOSE}';
BEGIN
  SELECT c.deleted_at IS NOT NULL INTO was_archived FROM immigration_client c WHERE c.id = client FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('leopard.erasing', 'on', true);
  records := records_of_client(client);
  words := words_for_client(client);

  imports := ARRAY(
    SELECT i.id FROM client_import i
    WHERE EXISTS (SELECT FROM client_import_row r WHERE r.import_id = i.id AND r.client_id = client)
      OR EXISTS (SELECT FROM client_import_part p WHERE p.import_id = i.id AND names_any(p.content, words))
    ORDER BY i.id FOR UPDATE);
  IF EXISTS (SELECT FROM client_import WHERE id = ANY (imports) AND status IN ('CHECKING', 'RUNNING', 'UNDOING')) THEN
    RAISE EXCEPTION 'an import that has this client is under way' USING ERRCODE = 'object_in_use';
  END IF;

  SELECT coalesce(jsonb_agg(DISTINCT f.file), '[]') INTO files FROM (
    SELECT p.file FROM immigration_profilepicture p WHERE p.client_id = client
    UNION
    SELECT s.state ->> 'file' FROM audit_entry e, LATERAL (VALUES (e.before), (e.after)) s (state)
    WHERE e.entity = 'profilepicture' AND e.record_id = client) f
  WHERE f.file <> '';

  -- Events first: from here on no handler makes anything of them, and those at work have finished.
  DELETE FROM public.event_queue q WHERE q.schema_name = current_schema()
    AND lower(q.entity_type) || ':' || q.entity_id = ANY (records);
  WITH gone AS (
    DELETE FROM immigration_event WHERE id = ANY (events_of_client(client, records)) RETURNING id)
  SELECT coalesce(array_agg(id), '{}') INTO events FROM gone;
  DELETE FROM public.event_queue q WHERE q.schema_name = current_schema() AND q.event_id = ANY (events);

  notifications := notifications_of_client(client, records, events);
  DELETE FROM delivery WHERE id = ANY (deliveries_of_client(client, records, events, notifications));
  GET DIAGNOSTICS n = ROW_COUNT;
  counts := counts || jsonb_build_object('deliveries', n);
  DELETE FROM immigration_notification WHERE id = ANY (notifications);
  counts := counts || jsonb_build_object('events', cardinality(events), 'notifications', cardinality(notifications));

  DELETE FROM immigration_reminder WHERE id = ANY (ids_among(records, 'reminder'));
  DELETE FROM immigration_task WHERE id = ANY (ids_among(records, 'task'));
  FOR relation IN
    SELECT k.conrelid::regclass AS name, a.attname AS key
    FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND k.confrelid = 'immigration_client'::regclass AND k.conrelid <> ALL (ARRAY[
      'immigration_visaapplication', 'immigration_collegeapplication', 'immigration_clientactivity', 'client_search',
      'erased_client']::regclass[])
  LOOP
    EXECUTE format('DELETE FROM %s WHERE %I = $1', relation.name, relation.key) USING client;
  END LOOP;
  PERFORM blank_row('immigration_visaapplication', 'client_id', client, ARRAY['status', 'immigration_fee_currency',
    'service_fee_currency', 'date_applied', 'date_opened', 'final_date', 'date_granted', 'date_rejected', 'date_withdrawn']);
  PERFORM blank_row('immigration_collegeapplication', 'client_id', client, ARRAY['finish_date', 'total_tuition_fee_currency']);

  -- Of the timeline the moves between stages stay, which reports count.
  DELETE FROM immigration_clientactivity WHERE client_id = client
    AND NOT coalesce(activity_type = 'STAGE_CHANGED' AND metadata ->> 'stage' = ANY (stages), false);
  UPDATE immigration_clientactivity SET
    metadata = jsonb_build_object('stage', metadata ->> 'stage'),
    description = CASE WHEN split_part(description, ' from ', 2) = ANY (stages)
      THEN 'Moved from ' || split_part(description, ' from ', 2) ELSE 'Moved' END
  WHERE client_id = client;

  UPDATE client_import_part p SET content = (
    SELECT jsonb_agg(CASE
      WHEN names_any(line.value::text, words) OR EXISTS (
        SELECT FROM client_import_row r WHERE r.import_id = p.import_id AND r.client_id = client
          AND r.row_number::text IN (line.value ->> 0, line.value #>> '{0,0}'))
      THEN jsonb_build_array(line.value -> 0) ELSE line.value END ORDER BY line.ordinality)::text
    FROM jsonb_array_elements(p.content::jsonb) WITH ORDINALITY line)
  WHERE p.import_id = ANY (imports) AND p.content <> '[]';
  DELETE FROM client_import_source WHERE import_id = ANY (imports);
  UPDATE client_import SET encoding_choices = '[]',
    samples = coalesce((SELECT jsonb_agg('[]'::jsonb) FROM jsonb_array_elements(samples)), '[]')
  WHERE id = ANY (imports);
  UPDATE client_import_row SET problems = '{}', old_values = '{}', new_values = '{}', other_name = NULL,
    email_key = NULL, phone_key = NULL, name_key = NULL
  WHERE client_id = client OR (import_id = ANY (imports)
    AND names_any(concat_ws(' ', problems, old_values, new_values, other_name, email_key, phone_key, name_key), words));

  -- The name of a client may not be empty.
  PERFORM blank_row('immigration_client', 'id', client, ARRAY['stage', 'first_name', 'last_name']);
  UPDATE immigration_client SET first_name = 'Erased', last_name = 'client', deleted_at = coalesce(deleted_at, now())
  WHERE id = client;

  -- Free texts of other records that name the client. The logs come last: they have what was changed until here.
  -- One comparison per word, since a function for all of them takes ten times as long per row.
  SELECT string_agg(format('strpos(t.x, %L) > 0', spelt), ' OR ') INTO naming
  FROM (SELECT DISTINCT unnest(ARRAY[word, lower(word)]) AS spelt FROM unnest(words) word) spellings;
  FOR relation IN
    SELECT c.oid::regclass AS name,
      string_agg(format('%1$I = without_words(%1$I::text, $1)::%2$s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ') AS changes,
      string_agg(format('%I::text', a.attname), ', ') AS texts
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype)
      AND c.relname !~ '^(auth_|django_|token_|account_|webhook_|login_|security_|user_|passkey|password_|known_|totp_|recovery_|spent_|immigration_(user|agent|branch|region|institute|course|lpe|stage|applicationtype|visatype|visacategory|broad_field|narrow_field))'
      AND c.relname NOT IN ('client_search', 'client_import_part', 'name_version')
      AND NOT (c.relname = 'immigration_client' AND a.attname NOT IN ('description', 'referred_by'))
      AND NOT (c.relname = 'immigration_passport')
    GROUP BY c.oid, c.relname ORDER BY c.relname IN ('audit_entry', 'immigration_event'), c.relname = 'audit_entry', c.relname
  LOOP
    EXIT WHEN naming IS NULL;
    EXECUTE format('UPDATE %s SET %s WHERE EXISTS (SELECT FROM (SELECT concat_ws(E''\n'', %s) AS x) t WHERE %s)',
      relation.name, relation.changes, relation.texts, naming) USING words;
  END LOOP;

  -- What this has caused itself.
  WITH gone AS (
    DELETE FROM immigration_event WHERE id = ANY (events_of_client(client, records)) RETURNING id)
  DELETE FROM public.event_queue q USING gone WHERE q.schema_name = current_schema() AND q.event_id = gone.id;
  UPDATE audit_entry e SET before = CASE WHEN e.before IS NOT NULL THEN '{}'::jsonb END,
    after = CASE WHEN e.after IS NOT NULL THEN '{}'::jsonb END
  WHERE e.operation <> 'read' AND e.record_id = ANY (ARRAY(SELECT split_part(name, ':', 2)::bigint FROM unnest(records) name))
    AND (e.entity || ':' || e.record_id = ANY (records)
      OR (e.entity IN ('client', 'passport', 'profilepicture') AND e.record_id = client));
  GET DIAGNOSTICS n = ROW_COUNT;
  counts := counts || jsonb_build_object('records', cardinality(records), 'audit_entries', n, 'imports', cardinality(imports));

  INSERT INTO erased_client (client_id, counted) VALUES (client, NOT was_archived) ON CONFLICT (client_id) DO NOTHING;
  INSERT INTO audit_entry (user_id, username, address, request_id, operation, entity, record_id, after)
  SELECT audit_user_id(), (SELECT u.username FROM immigration_user u WHERE u.id = audit_user_id()),
    audit_source(1), audit_source(2), 'delete', 'client', client, jsonb_build_object('erased', true) || counts;
  PERFORM set_config('leopard.erasing', '', true);
  RETURN jsonb_build_object('files', files, 'counts', counts);
END
$$;
