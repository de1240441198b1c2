-- Counters are kept in rows without a key, so that writers need not wait for each other. Replication tells rows apart by
-- all of their columns, without which a publication makes their UPDATE and DELETE fail.

ALTER TABLE immigration_client_count REPLICA IDENTITY FULL;
ALTER TABLE immigration_task_count REPLICA IDENTITY FULL;
ALTER TABLE name_version REPLICA IDENTITY FULL;
ALTER TABLE unread_count REPLICA IDENTITY FULL;
