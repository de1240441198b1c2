-- One installer for the kept numbers of clients (0012), tasks (0018) and unread notifications (0029): each statement
-- that changes the counted table adds a row with the difference, so that the sum of n is the number that the reader's
-- snapshot sees, and writers never wait for one another. What the tables hold stays valid.

-- Begins to keep, in the table counts, the number of rows of the table counted that meet the condition, per group.
-- groups names the columns of counts, expressions what they are of a counted row.
CREATE FUNCTION keep_count(counts name, counted name, groups text[], expressions text[], condition text DEFAULT 'true')
RETURNS void LANGUAGE plpgsql AS $install$
DECLARE
  columns text := array_to_string(groups, ', ');
  numbers text := (SELECT string_agg(n::text, ', ' ORDER BY n) FROM generate_series(1, cardinality(groups)) n);
  kind text[];
BEGIN
  -- As the owner, so that the tenant's role need not write to the counts; hence the fixed search_path. Now and then
  -- the function adds up some of the rows: those that no other transaction is adding up, and only under READ COMMITTED,
  -- since stricter levels would fail a caller whose rows were added up after its snapshot.
  EXECUTE format($function$
    CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        INSERT INTO %2$I (%3$s, n) SELECT %4$s, count(*) FROM after_change WHERE %5$s GROUP BY %6$s;
      ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO %2$I (%3$s, n)
        SELECT %3$s, sum(n)
        FROM (
          SELECT %7$s, 1 AS n FROM after_change WHERE %5$s
          UNION ALL
          SELECT %7$s, -1 FROM before_change WHERE %5$s
        ) AS change
        GROUP BY %6$s
        HAVING sum(n) <> 0;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO %2$I (%3$s, n) SELECT %4$s, -count(*) FROM before_change WHERE %5$s GROUP BY %6$s;
      ELSE
        TRUNCATE %2$I;
        RETURN NULL;
      END IF;
      IF FOUND AND random() < 0.02 AND current_setting('transaction_isolation') = 'read committed' THEN
        WITH taken AS MATERIALIZED (
          SELECT ctid FROM %2$I LIMIT 2000 FOR UPDATE SKIP LOCKED
        ), removed AS (
          DELETE FROM %2$I WHERE ctid = ANY (ARRAY(SELECT ctid FROM taken)) RETURNING *
        )
        INSERT INTO %2$I (%3$s, n) SELECT %3$s, sum(n) FROM removed GROUP BY %6$s HAVING sum(n) <> 0;
      END IF;
      RETURN NULL;
    END
    $body$
  $function$, 'count_' || counted, counts, columns, array_to_string(expressions, ', '), condition, numbers,
    (SELECT string_agg(format('%s AS %I', expression, name), ', ' ORDER BY place)
     FROM unnest(expressions, groups) WITH ORDINALITY AS one (expression, name, place)));
  FOREACH kind SLICE 1 IN ARRAY ARRAY[
    ['inserted', 'INSERT', 'REFERENCING NEW TABLE AS after_change'],
    ['updated', 'UPDATE', 'REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change'],
    ['deleted', 'DELETE', 'REFERENCING OLD TABLE AS before_change'],
    ['truncated', 'TRUNCATE', '']
  ] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %I %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
      'count_' || kind[1], kind[2], counted, kind[3], 'count_' || counted);
  END LOOP;
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %I FROM %I', counts, current_schema());
END
$install$;

SELECT keep_count('immigration_client_count', 'immigration_client',
  '{branch_id, stage, active, deleted}', '{branch_id, stage, active, deleted_at IS NOT NULL}');
SELECT keep_count('immigration_task_count', 'immigration_task', '{status, priority}', '{status, priority}');
SELECT keep_count('unread_count', 'immigration_notification', '{user_id}', '{assigned_to_id}',
  'NOT read AND assigned_to_id IS NOT NULL');

DROP FUNCTION count_inserted_clients(), count_updated_clients(), count_deleted_clients(), count_no_clients(),
  count_inserted_tasks(), count_updated_tasks(), count_deleted_tasks(), count_no_tasks(), count_unread(),
  compact_client_count(), compact_task_count(), compact_unread_count();
