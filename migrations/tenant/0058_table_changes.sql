-- By these numbers a process knows whether what it has read from some tables is still what they hold. Each statement that
-- writes to a watched table adds a row here, in its own transaction: so a snapshot sees the row exactly if it sees what
-- the statement has written. A table's version is the sum of its rows. No two snapshots that see different changes of a
-- table have the same sum, since each change adds to it; that the number added is random tells even those apart that
-- lack each other's changes, such as a server's before and after a failover that lost some.
--
-- Writers only insert, as for kept counts (0040): none waits for another. Unlike a counter of transactions, the sum is
-- right whenever they commit, in whatever order, or roll back.

CREATE TABLE table_change (
  -- The watched table; its row from the beginning, with 0, says that it is one.
  name text NOT NULL,
  change bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE table_change REPLICA IDENTITY FULL;

-- Its argument: the watched table. As the owner, so that the tenant's role need not write here; hence the fixed
-- search_path. Now and then it adds up some of the rows, which leaves the sums as they are; see 0040.
CREATE FUNCTION note_table_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO table_change (name, change) VALUES (TG_ARGV[0], 1 + floor(random() * 16777216)::bigint);
  IF random() < 0.02 AND current_setting('transaction_isolation') = 'read committed' THEN
    WITH taken AS MATERIALIZED (
      SELECT ctid FROM table_change LIMIT 2000 FOR UPDATE SKIP LOCKED
    ), removed AS (
      DELETE FROM table_change WHERE ctid = ANY (ARRAY(SELECT ctid FROM taken)) RETURNING *
    )
    INSERT INTO table_change (name, change) SELECT name, sum(change) FROM removed GROUP BY name;
  END IF;
  RETURN NULL;
END
$$;

-- Watches a table; does nothing where it is watched already.
CREATE FUNCTION watch_table(watched name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
    FOR EACH STATEMENT EXECUTE FUNCTION note_table_change(%L)', watched, watched);
  INSERT INTO table_change (name, change)
  SELECT watched, 0 WHERE NOT EXISTS (SELECT FROM table_change WHERE name = watched);
END
$$;

DO $$
DECLARE
  watched name;
  counts name[];
BEGIN
  FOREACH watched IN ARRAY ARRAY[
    'auth_group', 'auth_group_permissions', 'auth_permission', 'django_content_type', 'erased_client',
    'immigration_agent', 'immigration_applicationtype', 'immigration_branch', 'immigration_broad_field',
    'immigration_calendar_event', 'immigration_client', 'immigration_clientactivity',
    'immigration_collegeapplication', 'immigration_course', 'immigration_course_level', 'immigration_employment',
    'immigration_institute', 'immigration_institute_contact_person', 'immigration_institute_intake',
    'immigration_institute_location', 'immigration_institute_requirement', 'immigration_lpe',
    'immigration_narrow_field', 'immigration_note', 'immigration_notification', 'immigration_passport',
    'immigration_proficiency', 'immigration_qualification', 'immigration_region', 'immigration_reminder',
    'immigration_stage', 'immigration_task', 'immigration_user', 'immigration_user_branches',
    'immigration_user_groups', 'immigration_user_regions', 'immigration_user_user_permissions',
    'immigration_visaapplication', 'immigration_visacategory', 'immigration_visatype', 'name_version'
  ] LOOP
    PERFORM watch_table(watched);
  END LOOP;

  -- Kept counts change with the table that is counted, which is watched. Only what somebody writes there by hand is noted.
  FOREACH counts SLICE 1 IN ARRAY ARRAY[
    ['immigration_client_count', 'immigration_client'], ['immigration_task_count', 'immigration_task'],
    ['unread_count', 'immigration_notification']
  ] LOOP
    EXECUTE format('CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
      FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION note_table_change(%L)', counts[1], counts[2]);
  END LOOP;
END
$$;

DO $$
BEGIN
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON table_change FROM %I', current_schema());
END
$$;
