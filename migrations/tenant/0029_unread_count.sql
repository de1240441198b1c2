-- How many notifications each user has not read, without counting them: pages ask for it all the time, streams with every
-- notification, and who never reads has thousands. Kept as the number of clients is (0012).

CREATE TABLE unread_count (
  user_id bigint NOT NULL,
  n integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE FUNCTION compact_unread_count() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF random() >= 0.02 OR current_setting('transaction_isolation') <> 'read committed' THEN
    RETURN;
  END IF;
  WITH taken AS MATERIALIZED (
    SELECT ctid FROM unread_count LIMIT 2000 FOR UPDATE SKIP LOCKED
  ), removed AS (
    DELETE FROM unread_count WHERE ctid = ANY (ARRAY(SELECT ctid FROM taken)) RETURNING *
  )
  INSERT INTO unread_count (user_id, n)
  SELECT user_id, sum(n) FROM removed GROUP BY 1 HAVING sum(n) <> 0;
END
$$;

-- As the owner, so that the tenant's role need not write here; hence the fixed search_path.
CREATE FUNCTION count_unread() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO unread_count (user_id, n)
    SELECT assigned_to_id, count(*) FROM after_change WHERE NOT read AND assigned_to_id IS NOT NULL GROUP BY 1;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO unread_count (user_id, n)
    SELECT assigned_to_id, sum(n)
    FROM (
      SELECT assigned_to_id, 1 AS n FROM after_change WHERE NOT read AND assigned_to_id IS NOT NULL
      UNION ALL
      SELECT assigned_to_id, -1 FROM before_change WHERE NOT read AND assigned_to_id IS NOT NULL
    ) AS change
    GROUP BY 1
    HAVING sum(n) <> 0;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO unread_count (user_id, n)
    SELECT assigned_to_id, -count(*) FROM before_change WHERE NOT read AND assigned_to_id IS NOT NULL GROUP BY 1;
  ELSE
    TRUNCATE unread_count;
    RETURN NULL;
  END IF;
  IF FOUND THEN
    PERFORM compact_unread_count();
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON immigration_notification
  REFERENCING NEW TABLE AS after_change FOR EACH STATEMENT EXECUTE FUNCTION count_unread();
CREATE TRIGGER count_updated AFTER UPDATE ON immigration_notification
  REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
  FOR EACH STATEMENT EXECUTE FUNCTION count_unread();
CREATE TRIGGER count_deleted AFTER DELETE ON immigration_notification
  REFERENCING OLD TABLE AS before_change FOR EACH STATEMENT EXECUTE FUNCTION count_unread();
CREATE TRIGGER count_truncated AFTER TRUNCATE ON immigration_notification
  FOR EACH STATEMENT EXECUTE FUNCTION count_unread();

-- The triggers lock the table against writers until this migration commits, so that none is missed.
INSERT INTO unread_count (user_id, n)
SELECT assigned_to_id, count(*) FROM immigration_notification WHERE NOT read AND assigned_to_id IS NOT NULL GROUP BY 1;

DO $$
BEGIN
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON unread_count FROM %I', current_schema());
END
$$;
