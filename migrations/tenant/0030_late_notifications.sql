-- Which notifications a browser may have missed that comes back with the last id that it was sent: ids are given before
-- commit, so one with a lower id may have been committed after it. Each row says which transaction wrote it and which
-- others that one could see. Rows from before are taken as seen.
ALTER TABLE immigration_notification ADD COLUMN inserted_xid xid8, ADD COLUMN inserted_snapshot text;
ALTER TABLE immigration_notification
  ALTER COLUMN inserted_xid SET DEFAULT pg_current_xact_id(),
  ALTER COLUMN inserted_snapshot SET DEFAULT pg_current_snapshot()::text;
CREATE INDEX immigration_notification_inserted_xid_idx ON immigration_notification (assigned_to_id, inserted_xid)
  WHERE inserted_xid IS NOT NULL;
