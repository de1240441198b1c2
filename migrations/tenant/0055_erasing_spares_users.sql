-- What a user of the agency has too, an e-mail address or a full name, stays in others' records when a client is erased: it
-- is the recipient of e-mails that wait.

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
    AND NOT EXISTS (SELECT FROM immigration_user u
      WHERE lower(d.word) IN (lower(u.email), lower(u.first_name || ' ' || u.last_name)))
$$;
