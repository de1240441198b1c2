-- Erasing a client leaves alone what only looks like the client's data: a passport number such as PENDING must not empty
-- the status of everybody's tasks, nor a phone number break a number in JSON.

CREATE OR REPLACE FUNCTION words_for_client(client bigint) RETURNS text[] LANGUAGE sql STABLE AS $$
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
    SELECT value FROM facts WHERE name = 'email'
    UNION
    -- Names of states, kinds and fields have no digits; a day is nobody's number.
    SELECT value FROM facts WHERE name IN ('phone_number', 'passport_no')
      AND value ~ '[0-9]' AND value !~ '^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$'
  ), distinctive AS (
    SELECT word FROM words WHERE length(word) >= 6 AND word <> 'Erased client' LIMIT 100
  )
  SELECT coalesce(array_agg(word), '{}') FROM distinctive d
  WHERE NOT EXISTS (
    SELECT FROM immigration_client o WHERE o.id <> client AND d.word IN
      (o.first_name || ' ' || o.last_name, o.first_name || ' ' || o.middle_name || ' ' || o.last_name, o.email, o.phone_number))
    AND NOT EXISTS (SELECT FROM immigration_passport o WHERE o.id <> client AND o.passport_no = d.word)
$$;

-- JSON without these words in its texts and keys; numbers stay.
CREATE FUNCTION json_without_words(given jsonb, words text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE jsonb_typeof(given)
    WHEN 'string' THEN to_jsonb(text_without_words(given #>> '{}', words))
    WHEN 'array' THEN (
      SELECT coalesce(jsonb_agg(json_without_words(item.value, words) ORDER BY item.ordinality), '[]')
      FROM jsonb_array_elements(given) WITH ORDINALITY item)
    WHEN 'object' THEN (
      SELECT coalesce(jsonb_object_agg(text_without_words(fact.key, words), json_without_words(fact.value, words)), '{}')
      FROM jsonb_each(given) fact)
    ELSE given
  END;
END
$$;

-- A plain text without these words. Numbers are replaced as a whole, not where they are part of a longer one.
CREATE FUNCTION text_without_words(given text, words text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  word text;
BEGIN
  FOREACH word IN ARRAY words LOOP
    CONTINUE WHEN strpos(given, word) = 0 AND strpos(given, lower(word)) = 0;
    IF word ~ '^[+]?[[:alnum:]]+$' THEN
      given := regexp_replace(given, '(?<![[:alnum:]])(?<![0-9][.])' || replace(word, '+', '[+]')
        || '(?![[:alnum:]]|[.][0-9])', '[erased]', 'gi');
    ELSE
      given := replace(replace(given, word, '[erased]'), lower(word), '[erased]');
    END IF;
  END LOOP;
  RETURN given;
END
$$;

CREATE OR REPLACE FUNCTION without_words(given text, words text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF given ~ '^\s*[{["]' THEN
    BEGIN
      RETURN json_without_words(given::jsonb, words)::text;
    EXCEPTION WHEN data_exception THEN
      NULL; -- It only begins like JSON.
    END;
  END IF;
  RETURN text_without_words(given, words);
END
$$;
