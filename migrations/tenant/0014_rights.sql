-- The tenant's role, named as its schema, may read and write every table (default privileges of the schema), but
-- the timeline only grows, and the count of clients is kept by triggers alone.
DO $$
BEGIN
  EXECUTE format('REVOKE UPDATE, DELETE ON immigration_clientactivity FROM %I', current_schema());
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON immigration_client_count FROM %I', current_schema());
END
$$;
