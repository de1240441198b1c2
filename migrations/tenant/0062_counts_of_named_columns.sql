-- The count of clients (0040) looks at what an UPDATE has changed only where the statement names a column that is counted
-- by. A trigger that sees the rows of its statement cannot be limited to columns: one before it notes that there is one.

-- What is noted holds for the rest of the transaction, which at worst costs a look: it is never taken back.
CREATE FUNCTION note_counted_columns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('leopard.counted_' || TG_TABLE_NAME, 'named', true);
  RETURN NULL;
END
$$;

-- In this order: until both are there, everything is looked at.
CREATE TRIGGER count_named BEFORE UPDATE OF branch_id, stage, active, deleted_at ON immigration_client
  FOR EACH STATEMENT EXECUTE FUNCTION note_counted_columns();
CREATE OR REPLACE TRIGGER count_updated AFTER UPDATE ON immigration_client
  REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change FOR EACH STATEMENT
  WHEN (current_setting('leopard.counted_immigration_client', true) = 'named')
  EXECUTE FUNCTION count_immigration_client();
