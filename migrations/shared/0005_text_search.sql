-- Lets part of a text be found through an index. The program runs without it, slower.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
EXCEPTION
  WHEN undefined_file OR feature_not_supported OR insufficient_privilege THEN
    RAISE NOTICE 'pg_trgm is not available (%); searching clients will read them all', SQLERRM;
END
$$;
