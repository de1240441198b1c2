-- Of a list that a change changes, such as a task's comments, the audit log keeps what was removed and what was added,
-- instead of the whole list twice. Entries written before keep their form.

-- A record's values, in which a list that is also one in `others` is replaced by {word: its items that `others` has not},
-- in their order.
CREATE FUNCTION audit_items(fields jsonb, others jsonb, word text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(field.key, CASE
    WHEN jsonb_typeof(field.value) = 'array' AND jsonb_typeof(others -> field.key) = 'array' THEN
      jsonb_build_object(word, coalesce((
        -- Of equal items, the first stands for the first.
        SELECT jsonb_agg(mine.item ORDER BY mine.place)
        FROM (
          SELECT item, place, row_number() OVER (PARTITION BY item ORDER BY place) AS nth
          FROM jsonb_array_elements(field.value) WITH ORDINALITY AS listed (item, place)
        ) mine
        LEFT JOIN (
          SELECT item, row_number() OVER (PARTITION BY item ORDER BY place) AS nth
          FROM jsonb_array_elements(others -> field.key) WITH ORDINALITY AS listed (item, place)
        ) theirs ON theirs.item = mine.item AND theirs.nth = mine.nth
        WHERE theirs.item IS NULL), '[]'))
    ELSE field.value END), '{}')
  FROM jsonb_each(fields) field
$$;

-- As before, with lists as said above.
CREATE OR REPLACE FUNCTION audit_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET timezone = 'UTC' SET jit = off AS $$
DECLARE
  subject text := TG_ARGV[0];
  key text := TG_ARGV[1];
  left_out text[] := TG_ARGV[2];
  -- What each change sets beside what it is about.
  beside text[] := left_out || '{updated_at,updated_by_id}'::text[];
  hidden jsonb := '{"password": "(hidden)"}';
  actor bigint := audit_user_id();
  address text := audit_source(1);
  request text := audit_source(2);
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO audit_entry (user_id, username, address, request_id, operation, entity, record_id, after)
    SELECT actor, (SELECT u.username FROM immigration_user u WHERE u.id = actor), address, request,
      'create', subject, (state ->> key)::bigint, CASE WHEN state ? 'password' THEN state || hidden ELSE state END
    FROM (SELECT to_jsonb(this) - left_out AS state FROM after_change this) made;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO audit_entry (user_id, username, address, request_id, operation, entity, record_id, before)
    SELECT actor, (SELECT u.username FROM immigration_user u WHERE u.id = actor), address, request,
      'delete', subject, (state ->> key)::bigint, CASE WHEN state ? 'password' THEN state || hidden ELSE state END
    FROM (SELECT to_jsonb(past) - left_out AS state FROM before_change past) gone;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO audit_entry (user_id, username, address, request_id, operation, entity, record_id, before, after)
    SELECT actor, (SELECT u.username FROM immigration_user u WHERE u.id = actor), address, request,
      'change', subject, record,
      CASE WHEN was ? 'password' THEN was || hidden WHEN lists THEN audit_items(was, became, 'removed') ELSE was END,
      CASE WHEN became ? 'password' THEN became || hidden WHEN lists THEN audit_items(became, was, 'added') ELSE became END
    FROM (
      SELECT record, past - same AS was, present - same AS became,
        -- Strict: otherwise the path looks into the lists.
        jsonb_path_exists(present - same, 'strict $.* ? (@.type() == "array")') AS lists
      FROM (
        SELECT coalesce(present ->> key, past ->> key)::bigint AS record, past, present,
          ARRAY(SELECT field.key FROM jsonb_each(present) field WHERE field.value = past -> field.key) || beside AS same
        FROM (
          -- Where the id itself changes: one entry for what it was, one for what it is.
          SELECT coalesce(to_jsonb(before), '{}') AS past, coalesce(to_jsonb(this), '{}') AS present
          FROM after_change this FULL JOIN before_change before ON before.id = this.id
          WHERE this IS DISTINCT FROM before
          OFFSET 0 -- else a row is turned into JSON once per field
        ) pairs
        OFFSET 0
      ) compared
      OFFSET 0
    ) changed
    WHERE was <> '{}' OR became <> '{}';
  ELSE
    INSERT INTO audit_entry (user_id, username, address, request_id, operation, entity)
    SELECT actor, (SELECT u.username FROM immigration_user u WHERE u.id = actor), address, request, 'delete', subject;
  END IF;
  RETURN NULL;
END
$$;
