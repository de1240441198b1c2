-- Finding clients by part of a name, e-mail address or phone number without reading them all. Where pg_trgm is
-- missing the same search works, slower. The separator keeps a text from matching across two fields. The list of
-- pending entries, which every search reads in full, is kept short: at its default of 4 MB the planner would rather
-- read all clients after some thousand changes.
DO $$
DECLARE
  trgm name := (
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'
  );
BEGIN
  IF trgm IS NOT NULL THEN
    EXECUTE format(
      'CREATE INDEX immigration_client_search_trgm ON immigration_client USING gin '
      '((first_name || E''\x1f'' || last_name || E''\x1f'' || email || E''\x1f'' || phone_number) %I.gin_trgm_ops) '
      'WITH (gin_pending_list_limit = 64)',
      trgm
    );
  END IF;
END
$$;
