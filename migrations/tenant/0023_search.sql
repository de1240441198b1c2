-- What the search over all kinds of records looks into. Of clients, of whom there may be very many, the text is kept
-- ready: to fold the names of 10,000 clients takes many times as long as to look through what was folded once.

-- As people type it: small letters, without accents. src/immigration/search/fold.ts does the same to what they look for.
-- Of ASCII alone, which most is, only the small letters are left to do, in a tenth of the time.
CREATE FUNCTION search_fold(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length(given) = length(given) THEN lower(given COLLATE "C")
    ELSE replace(regexp_replace(normalize(lower(given), NFD), '[\u0300-\u036f]', '', 'g'), 'đ', 'd') END
$$;

-- The clients who are not archived.
CREATE TABLE client_search (
  client_id bigint PRIMARY KEY REFERENCES immigration_client (id) ON UPDATE CASCADE ON DELETE CASCADE,
  branch_id bigint,
  -- The name in each order in which people write it, without a space as in Chinese, e-mail address and phone number,
  -- each between two separators, which nobody types.
  text text NOT NULL,
  -- The name alone, with which what seems to be misspelt is compared: the shorter, the faster.
  names text NOT NULL
);

-- (Its name comes after search_fold's, as the snapshot, which sorts them, needs it.)
CREATE FUNCTION search_text_of_client(first text, middle text, last text, email text, phone text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT search_fold(
    E'\x1f' || CASE WHEN middle = '' THEN '' ELSE
      trim(first || ' ' || middle || ' ' || last) || E'\x1f' || last || ' ' || middle || ' ' || first || E'\x1f' END
    || trim(first || ' ' || last) || E'\x1f' || last || ' ' || first
    || E'\x1f' || last || first || E'\x1f' || first || last
    || E'\x1f' || email || E'\x1f' || phone || E'\x1f')
$$;

-- As the owner, so that the tenant's role need not write here; hence the fixed search_path.
CREATE FUNCTION note_client_search() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  made text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM client_search WHERE client_id IN (OLD.id, NEW.id);
  END IF;
  IF NEW.deleted_at IS NULL THEN
    made := search_text_of_client(NEW.first_name, NEW.middle_name, NEW.last_name, NEW.email, NEW.phone_number);
    INSERT INTO client_search (client_id, branch_id, text, names)
    VALUES (NEW.id, NEW.branch_id, made, split_part(made, E'\x1f', 2));
  END IF;
  RETURN NULL;
END
$$;

INSERT INTO client_search (client_id, branch_id, text, names)
SELECT id, branch_id, made, split_part(made, E'\x1f', 2)
FROM immigration_client,
  LATERAL (SELECT search_text_of_client(first_name, middle_name, last_name, email, phone_number) AS made) t
WHERE deleted_at IS NULL;

CREATE TRIGGER note_search_inserted AFTER INSERT ON immigration_client
  FOR EACH ROW EXECUTE FUNCTION note_client_search();
CREATE TRIGGER note_search_updated AFTER UPDATE ON immigration_client
  FOR EACH ROW WHEN (
    (OLD.first_name, OLD.middle_name, OLD.last_name, OLD.email, OLD.phone_number, OLD.branch_id, OLD.deleted_at)
    IS DISTINCT FROM
    (NEW.first_name, NEW.middle_name, NEW.last_name, NEW.email, NEW.phone_number, NEW.branch_id, NEW.deleted_at)
  ) EXECUTE FUNCTION note_client_search();

DO $$
BEGIN
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON client_search FROM %I', current_schema());
END
$$;

-- Numbers are in Latin letters, whose small form the collation "C" knows, in a fraction of the time. Agents, institutes
-- and visa types are few. Where pg_trgm is missing the same search works without these, slower, and without tolerance.
DO $$
DECLARE
  trgm name := (
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'
  );
BEGIN
  IF trgm IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format(
    'CREATE INDEX client_search_trgm ON client_search USING gin (text %1$I.gin_trgm_ops, names %1$I.gin_trgm_ops) '
    'WITH (gin_pending_list_limit = 64)',
    trgm
  );
  EXECUTE format(
    'CREATE INDEX immigration_visaapplication_number_trgm ON immigration_visaapplication '
    'USING gin ((E''\x1f'' || lower(transaction_reference_no COLLATE "C") || E''\x1f'') %I.gin_trgm_ops) '
    'WITH (gin_pending_list_limit = 64)',
    trgm
  );
  EXECUTE format(
    'CREATE INDEX immigration_collegeapplication_number_trgm ON immigration_collegeapplication '
    'USING gin ((E''\x1f'' || lower(student_id COLLATE "C") || E''\x1f'') %I.gin_trgm_ops) '
    'WITH (gin_pending_list_limit = 64)',
    trgm
  );
END
$$;
