-- How far the write-ahead log was when a user's last change was committed, so that whichever process reads for that user
-- from a replica knows how far the replica must be. Written only where a replica is configured. It is not logged: a note
-- costs little, and standbys need none. A crash or a failover empties it; the row of the writer '' tells since when it is
-- complete. Notes are deleted after minutes.
CREATE UNLOGGED TABLE public.write_position (
  writer text PRIMARY KEY, -- schema and user's id, or the schema for a change of the whole tenant
  position pg_lsn NOT NULL,
  written_at timestamptz NOT NULL
) WITH (fillfactor = 50);
