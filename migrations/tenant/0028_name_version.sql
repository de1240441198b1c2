-- What lists show beside ids, the names of users, branches, agents and visa categories, a process may keep in memory as
-- long as this number is what it was when the names were read: a change of such a name changes the number with it, in
-- one transaction, so who reads both in one statement never takes an old name for a new one.

CREATE TABLE name_version (
  -- Random, not counted up, so that no number comes a second time, not even when a tenant is restored.
  version bigint NOT NULL
);

-- Its arguments: the columns that names are made of. As the owner, since the tenant's role need not write here.
CREATE FUNCTION note_renaming() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    PERFORM FROM after_change this FULL JOIN before_change before ON before.id = this.id
    WHERE EXISTS (
      SELECT FROM unnest(TG_ARGV) AS part
      WHERE to_jsonb(this) -> part IS DISTINCT FROM to_jsonb(before) -> part);
    IF NOT FOUND THEN
      RETURN NULL;
    END IF;
  END IF;
  UPDATE name_version SET version = floor(random() * 9007199254740991)::bigint;
  IF NOT FOUND THEN -- by two at once: two rows, whose sum will do as well
    INSERT INTO name_version VALUES (floor(random() * 9007199254740991)::bigint);
  END IF;
  RETURN NULL;
END
$$;

DO $$
DECLARE
  named text[];
BEGIN
  FOREACH named SLICE 1 IN ARRAY ARRAY[
    ['immigration_user', '''username'', ''first_name'', ''last_name'''],
    ['immigration_branch', '''name'''],
    ['immigration_agent', '''agent_name'''],
    ['immigration_visacategory', '''name''']
  ] LOOP
    EXECUTE format('CREATE TRIGGER renamed AFTER UPDATE ON %I REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
      FOR EACH STATEMENT EXECUTE FUNCTION note_renaming(%s)', named[1], named[2]);
    -- Their ids might be given to others.
    EXECUTE format('CREATE TRIGGER unnamed AFTER DELETE OR TRUNCATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION note_renaming()', named[1]);
  END LOOP;
END
$$;

DO $$
BEGIN
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON name_version FROM %I', current_schema());
END
$$;
