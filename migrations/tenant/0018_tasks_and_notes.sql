-- The exact number of tasks per status and priority, without counting them; kept as that of clients is (0012).

CREATE TABLE immigration_task_count (
  status varchar(15) NOT NULL,
  priority varchar(10) NOT NULL,
  n integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE FUNCTION compact_task_count() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF random() >= 0.02 OR current_setting('transaction_isolation') <> 'read committed' THEN
    RETURN;
  END IF;
  WITH taken AS MATERIALIZED (
    SELECT ctid FROM immigration_task_count LIMIT 500 FOR UPDATE SKIP LOCKED
  ), removed AS (
    DELETE FROM immigration_task_count WHERE ctid = ANY (ARRAY(SELECT ctid FROM taken)) RETURNING *
  )
  INSERT INTO immigration_task_count (status, priority, n)
  SELECT status, priority, sum(n) FROM removed GROUP BY 1, 2 HAVING sum(n) <> 0;
END
$$;

-- The triggers run as the owner, so that the tenant's role need not write here; hence their fixed search_path.

CREATE FUNCTION count_inserted_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO immigration_task_count (status, priority, n)
  SELECT status, priority, count(*) FROM after_change GROUP BY 1, 2;
  PERFORM compact_task_count();
  RETURN NULL;
END
$$;

CREATE FUNCTION count_updated_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO immigration_task_count (status, priority, n)
  SELECT status, priority, sum(n)
  FROM (
    SELECT status, priority, 1 AS n FROM after_change
    UNION ALL
    SELECT status, priority, -1 FROM before_change
  ) AS change
  GROUP BY 1, 2
  HAVING sum(n) <> 0;
  IF FOUND THEN
    PERFORM compact_task_count();
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION count_deleted_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO immigration_task_count (status, priority, n)
  SELECT status, priority, -count(*) FROM before_change GROUP BY 1, 2;
  RETURN NULL;
END
$$;

CREATE FUNCTION count_no_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  TRUNCATE immigration_task_count;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON immigration_task
  REFERENCING NEW TABLE AS after_change FOR EACH STATEMENT EXECUTE FUNCTION count_inserted_tasks();
CREATE TRIGGER count_updated AFTER UPDATE ON immigration_task
  REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
  FOR EACH STATEMENT EXECUTE FUNCTION count_updated_tasks();
CREATE TRIGGER count_deleted AFTER DELETE ON immigration_task
  REFERENCING OLD TABLE AS before_change FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_tasks();
CREATE TRIGGER count_truncated AFTER TRUNCATE ON immigration_task
  FOR EACH STATEMENT EXECUTE FUNCTION count_no_tasks();

-- The triggers lock the table against writers until this migration commits, so that none is missed.
INSERT INTO immigration_task_count (status, priority, n)
SELECT status, priority, count(*) FROM immigration_task GROUP BY 1, 2;

DO $$
BEGIN
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON immigration_task_count FROM %I', current_schema());
END
$$;

-- The list of notes, newest first.
CREATE INDEX immigration_note_newest ON immigration_note (created_at DESC, id DESC);
