-- Texts are folded by public.fold_text in every search, and the texts of clients serve the list's filters too: they are
-- kept for archived clients as well, and one index of trigrams does the work of two.

-- In this order with those who change clients, so that none is written by the old trigger.
LOCK TABLE immigration_client, client_search IN ACCESS EXCLUSIVE MODE;

DROP INDEX IF EXISTS immigration_client_search_trgm;
DROP INDEX IF EXISTS client_search_trgm;
DROP INDEX IF EXISTS immigration_visaapplication_number_trgm;
DROP INDEX IF EXISTS immigration_collegeapplication_number_trgm;

TRUNCATE client_search;
ALTER TABLE client_search ADD COLUMN archived boolean NOT NULL;

-- The whole name, the name in each other order in which people write it, and without a space as in Chinese. Behind a
-- second separator follows what the list of clients is filtered by: e-mail address, phone number, and behind a third
-- "first last", by which applications are found.
CREATE OR REPLACE FUNCTION search_text_of_client(first text, middle text, last text, email text, phone text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  folded text[] := string_to_array(
    public.fold_text(
      translate(first, E'\x1d\x1e\x1f', '') || E'\x1f' || translate(middle, E'\x1d\x1e\x1f', '') || E'\x1f'
      || translate(last, E'\x1d\x1e\x1f', '') || E'\x1f' || translate(email, E'\x1d\x1e\x1f', '') || E'\x1f'
      || translate(phone, E'\x1d\x1e\x1f', '')),
    E'\x1f');
BEGIN
  first := folded[1];
  middle := folded[2];
  last := folded[3];
  RETURN
    E'\x1f' || CASE WHEN middle = '' THEN trim(first || ' ' || last) ELSE
      trim(first || ' ' || middle || ' ' || last) || E'\x1f' || last || ' ' || middle || ' ' || first END
    || E'\x1f' || last || ' ' || first || E'\x1f' || last || first || E'\x1f' || first || last
    || E'\x1f\x1e\x1f' || folded[4] || E'\x1f' || folded[5] || E'\x1f\x1d\x1f' || trim(first || ' ' || last) || E'\x1f';
END
$$;

CREATE OR REPLACE FUNCTION note_client_search() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  made text;
BEGIN
  -- Where only branch or archiving changed, the indexes have nothing to do.
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.id, OLD.first_name, OLD.middle_name, OLD.last_name, OLD.email, OLD.phone_number)
      = (NEW.id, NEW.first_name, NEW.middle_name, NEW.last_name, NEW.email, NEW.phone_number)
    THEN
      UPDATE client_search SET branch_id = NEW.branch_id, archived = NEW.deleted_at IS NOT NULL
      WHERE client_id = NEW.id;
      IF FOUND THEN
        RETURN NULL;
      END IF;
    END IF;
    DELETE FROM client_search WHERE client_id IN (OLD.id, NEW.id);
  END IF;
  made := search_text_of_client(NEW.first_name, NEW.middle_name, NEW.last_name, NEW.email, NEW.phone_number);
  INSERT INTO client_search (client_id, branch_id, archived, text, names)
  VALUES (NEW.id, NEW.branch_id, NEW.deleted_at IS NOT NULL, made, split_part(made, E'\x1f', 2));
  RETURN NULL;
END
$$;

INSERT INTO client_search (client_id, branch_id, archived, text, names)
SELECT id, branch_id, deleted_at IS NOT NULL, made, split_part(made, E'\x1f', 2)
FROM immigration_client,
  LATERAL (SELECT search_text_of_client(first_name, middle_name, last_name, email, phone_number) AS made OFFSET 0) t;

DROP FUNCTION search_fold(text);

-- Agents, institutes and visa types are few. Where pg_trgm is missing the same is found without these, slower, and
-- nothing that is misspelt. The list of pending entries, which every search reads in full, is kept short.
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
    'USING gin ((E''\x1f'' || public.fold_text(transaction_reference_no) || E''\x1f'') %I.gin_trgm_ops) '
    'WITH (gin_pending_list_limit = 64)',
    trgm
  );
  EXECUTE format(
    'CREATE INDEX immigration_collegeapplication_number_trgm ON immigration_collegeapplication '
    'USING gin ((E''\x1f'' || public.fold_text(student_id) || E''\x1f'') %I.gin_trgm_ops) '
    'WITH (gin_pending_list_limit = 64)',
    trgm
  );
END
$$;
