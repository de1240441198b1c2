-- The exact number of clients per branch, stage, active and deleted, without counting them: each statement that
-- changes it adds a row with the difference, so the sum of n is the number that the reader's snapshot sees, and
-- writers never wait for one another. No index: there are seldom more than some dozens of rows.

CREATE TABLE immigration_client_count (
  branch_id bigint,
  stage varchar(20) NOT NULL,
  active boolean NOT NULL,
  deleted boolean NOT NULL,
  n integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Now and then adds up some of the rows: those that no other transaction is adding up, and only under READ
-- COMMITTED, since stricter levels would fail a caller whose rows were added up after its snapshot.
CREATE FUNCTION compact_client_count() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF random() >= 0.02 OR current_setting('transaction_isolation') <> 'read committed' THEN
    RETURN;
  END IF;
  WITH taken AS MATERIALIZED (
    SELECT ctid FROM immigration_client_count LIMIT 500 FOR UPDATE SKIP LOCKED
  ), removed AS (
    DELETE FROM immigration_client_count WHERE ctid = ANY (ARRAY(SELECT ctid FROM taken)) RETURNING *
  )
  INSERT INTO immigration_client_count (branch_id, stage, active, deleted, n)
  SELECT branch_id, stage, active, deleted, sum(n) FROM removed GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0;
END
$$;

-- The triggers run as the owner, so that the tenant's role need not write here; hence their fixed search_path.

CREATE FUNCTION count_inserted_clients() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO immigration_client_count (branch_id, stage, active, deleted, n)
  SELECT branch_id, stage, active, deleted_at IS NOT NULL, count(*) FROM after_change GROUP BY 1, 2, 3, 4;
  PERFORM compact_client_count();
  RETURN NULL;
END
$$;

CREATE FUNCTION count_updated_clients() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO immigration_client_count (branch_id, stage, active, deleted, n)
  SELECT branch_id, stage, active, deleted, sum(n)
  FROM (
    SELECT branch_id, stage, active, deleted_at IS NOT NULL AS deleted, 1 AS n FROM after_change
    UNION ALL
    SELECT branch_id, stage, active, deleted_at IS NOT NULL, -1 FROM before_change
  ) AS change
  GROUP BY 1, 2, 3, 4
  HAVING sum(n) <> 0;
  IF FOUND THEN
    PERFORM compact_client_count();
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION count_deleted_clients() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO immigration_client_count (branch_id, stage, active, deleted, n)
  SELECT branch_id, stage, active, deleted_at IS NOT NULL, -count(*) FROM before_change GROUP BY 1, 2, 3, 4;
  RETURN NULL;
END
$$;

CREATE FUNCTION count_no_clients() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  TRUNCATE immigration_client_count;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON immigration_client
  REFERENCING NEW TABLE AS after_change FOR EACH STATEMENT EXECUTE FUNCTION count_inserted_clients();
CREATE TRIGGER count_updated AFTER UPDATE ON immigration_client
  REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
  FOR EACH STATEMENT EXECUTE FUNCTION count_updated_clients();
CREATE TRIGGER count_deleted AFTER DELETE ON immigration_client
  REFERENCING OLD TABLE AS before_change FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_clients();
CREATE TRIGGER count_truncated AFTER TRUNCATE ON immigration_client
  FOR EACH STATEMENT EXECUTE FUNCTION count_no_clients();
