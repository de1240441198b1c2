-- The request that an event comes from, by the name that its answer, the log and the audit log have for it.
ALTER TABLE immigration_event
  ADD COLUMN request_id varchar(100)
    DEFAULT nullif(left(split_part(current_setting('leopard.source', true), ' ', 2), 100), '');
