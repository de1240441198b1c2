-- Erasing what is kept of one client, with the copies in logs, events, notifications, deliveries and imports. See
-- docs/privacy.md.

-- Clients that were erased. The row of the client itself stays, without anything personal, so that figures stay.
CREATE TABLE erased_client (
  client_id bigint PRIMARY KEY REFERENCES immigration_client ON DELETE CASCADE,
  erased_at timestamptz NOT NULL DEFAULT now(),
  -- Whether reports still count the client: it was not archived before.
  counted boolean NOT NULL
);

-- The names of the records of a client, as `task:17`: the client, the rows that refer to it, what is linked to any of
-- these; and those deleted since, as far as the audit log knows them. Tables are found by their foreign keys, so that
-- none is forgotten.
CREATE FUNCTION records_of_client(client bigint) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  found text[] := ARRAY['client:' || client];
  more text[];
  before integer;
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
    SELECT array_agg(DISTINCT e.entity || ':' || e.record_id) INTO more FROM audit_entry e
    WHERE e.entity = relation.entity AND e.record_id IS NOT NULL AND relation.entity <> 'profilepicture'
      AND client::text IN (e.after ->> relation.key, e.before ->> relation.key);
    found := found || coalesce(more, '{}');
  END LOOP;
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

-- The ids among those names of one entity.
CREATE FUNCTION ids_among(records text[], entity text) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(split_part(name, ':', 2)::bigint), '{}') FROM unnest(records) name
  WHERE split_part(name, ':', 1) = entity
$$;

-- Events, notifications and deliveries about a client; `records` are its records by name, the other arguments ids of
-- what was found before.
CREATE FUNCTION events_of_client(client bigint, records text[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(e.id), '{}') FROM immigration_event e
  WHERE lower(e.entity_type) || ':' || e.entity_id = ANY (records)
    OR client::text IN (e.current_state ->> 'client', e.previous_state ->> 'client')
$$;

CREATE FUNCTION notifications_of_client(client bigint, records text[], events bigint[]) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(m.id), '{}') FROM immigration_notification m
  LEFT JOIN django_content_type t ON t.id::text = m.meta_info ->> 'content_type'
  WHERE m.meta_info ->> 'client_id' = client::text
    OR lower(m.meta_info ->> 'entity_type') || ':' || (m.meta_info ->> 'entity_id') = ANY (records)
    OR t.model || ':' || (m.meta_info ->> 'object_id') = ANY (records)
    OR 'task:' || (m.meta_info ->> 'task_id') = ANY (records)
    OR 'reminder:' || (m.meta_info ->> 'reminder_id') = ANY (records)
    OR CASE WHEN m.meta_info ->> 'event_id' ~ '^[0-9]{1,18}$' THEN (m.meta_info ->> 'event_id')::bigint = ANY (events) END
$$;

-- Webhooks are also known by their bodies, since they are kept for longer than their events.
CREATE FUNCTION deliveries_of_client(client bigint, records text[], events bigint[], notifications bigint[])
RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(d.id), '{}') FROM delivery d
  WHERE d.event_id = ANY (events) OR d.notification_id = ANY (notifications)
    OR CASE WHEN d.kind = 'webhook' AND d.body LIKE '{%' THEN
      lower(d.body::jsonb #>> '{data,entity_type}') || ':' || (d.body::jsonb #>> '{data,entity_id}') = ANY (records)
      OR client::text IN (d.body::jsonb #>> '{data,current_state,client}', d.body::jsonb #>> '{data,previous_state,client}')
      END
$$;

-- Texts that name this client and nobody else: full names, e-mail addresses, phone and passport numbers, present and
-- past. What another client has too is left out: it would be missed there.
CREATE FUNCTION words_for_client(client bigint) RETURNS text[] LANGUAGE sql STABLE AS $$
  WITH states AS (
    SELECT to_jsonb(c) AS state FROM immigration_client c WHERE c.id = client
    UNION ALL
    SELECT s.state FROM audit_entry e, LATERAL (VALUES (e.before), (e.after)) s (state)
    WHERE e.entity IN ('client', 'passport') AND e.record_id = client AND s.state IS NOT NULL
    UNION ALL
    SELECT to_jsonb(p) FROM immigration_passport p WHERE p.id = client
  ), facts AS (
    SELECT DISTINCT f.key AS name, trim(f.value) AS value FROM states, jsonb_each_text(state) f
    WHERE f.key IN ('first_name', 'middle_name', 'last_name', 'email', 'phone_number', 'passport_no') AND trim(f.value) <> ''
  ), words AS (
    SELECT f.value || ' ' || l.value AS word FROM facts f, facts l WHERE f.name = 'first_name' AND l.name = 'last_name'
    UNION
    SELECT f.value || ' ' || m.value || ' ' || l.value FROM facts f, facts m, facts l
    WHERE f.name = 'first_name' AND m.name = 'middle_name' AND l.name = 'last_name'
    UNION
    SELECT value FROM facts WHERE name IN ('email', 'phone_number', 'passport_no')
  ), distinctive AS (
    SELECT word FROM words WHERE length(word) >= 6 AND word <> 'Erased client' LIMIT 100
  )
  SELECT coalesce(array_agg(word), '{}') FROM distinctive d
  WHERE NOT EXISTS (
    SELECT FROM immigration_client o WHERE o.id <> client AND d.word IN
      (o.first_name || ' ' || o.last_name, o.first_name || ' ' || o.middle_name || ' ' || o.last_name, o.email, o.phone_number))
    AND NOT EXISTS (SELECT FROM immigration_passport o WHERE o.id <> client AND o.passport_no = d.word)
$$;

CREATE FUNCTION names_any(given text, words text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT EXISTS (SELECT FROM unnest(words) word WHERE strpos(given, word) > 0 OR strpos(given, lower(word)) > 0)
$$;

-- A text without these words, also as JSON writes them.
CREATE FUNCTION without_words(given text, words text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  word text;
BEGIN
  FOREACH word IN ARRAY words LOOP
    given := replace(replace(given, word, '[erased]'), lower(word), '[erased]');
    given := replace(given, trim('"' FROM to_json(word)::text), '[erased]');
  END LOOP;
  RETURN given;
END
$$;

-- Empties the columns of one row that hold texts, dates or JSON, but for those named.
CREATE FUNCTION blank_row(relation regclass, key name, value bigint, kept text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  assignments text;
BEGIN
  SELECT string_agg(format('%I = %s', a.attname, CASE
      WHEN NOT a.attnotnull THEN 'NULL'
      WHEN a.atttypid = 'jsonb'::regtype THEN coalesce(pg_get_expr(d.adbin, d.adrelid), '''[]''')
      ELSE '''''' END), ', ') INTO assignments
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (kept)
    AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype, 'date'::regtype);
  EXECUTE format('UPDATE %s SET %s WHERE %I = $1', relation, assignments, key) USING value;
END
$$;

-- While a function of the owner erases, entries of the audit log may lose what they held before and after.
CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.at < now() - interval '365 days' THEN
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' AND current_setting('leopard.erasing', true) = 'on'
    AND to_jsonb(NEW) - '{before,after}'::text[] = to_jsonb(OLD) - '{before,after}'::text[] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'entries of the audit log are not changed, nor removed within a year'
    USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Erases what is kept of a client, and writes that into the audit log. The caller passes nothing but the client, and
-- removes the files named in the answer. Null: there is no such client. An import under way that has the client is
-- an error (object_in_use).
CREATE FUNCTION erase_client(client bigint) RETURNS jsonb
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
  FOR relation IN
    SELECT c.oid::regclass AS name,
      string_agg(format('%1$I = without_words(%1$I::text, $1)::%2$s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ') AS changes,
      string_agg(format('%I::text', a.attname), ', ') AS texts
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype)
      AND c.relname !~ '^(auth_|django_|token_|account_|webhook_|login_|security_|user_|passkey|password_|totp_|recovery_|spent_|immigration_(user|agent|branch|region|institute|course|lpe|stage|applicationtype|visatype|visacategory|broad_field|narrow_field))'
      AND c.relname NOT IN ('client_search', 'client_import_part', 'name_version')
      AND NOT (c.relname = 'immigration_client' AND a.attname NOT IN ('description', 'referred_by'))
      AND NOT (c.relname = 'immigration_passport')
    GROUP BY c.oid, c.relname ORDER BY c.relname IN ('audit_entry', 'immigration_event'), c.relname = 'audit_entry', c.relname
  LOOP
    EXECUTE format('UPDATE %s SET %s WHERE names_any(concat_ws(E''\n'', %s), $1)', relation.name, relation.changes, relation.texts)
      USING words;
  END LOOP;

  -- What this has caused itself.
  WITH gone AS (
    DELETE FROM immigration_event WHERE id = ANY (events_of_client(client, records)) RETURNING id)
  DELETE FROM public.event_queue q USING gone WHERE q.schema_name = current_schema() AND q.event_id = gone.id;
  UPDATE audit_entry e SET before = CASE WHEN e.before IS NOT NULL THEN '{}'::jsonb END,
    after = CASE WHEN e.after IS NOT NULL THEN '{}'::jsonb END
  WHERE e.operation <> 'read' AND (e.entity || ':' || e.record_id = ANY (records)
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

DO $$
BEGIN
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON erased_client FROM %I', current_schema());
END
$$;
