-- transaction: none
-- The orders of the large lists with all that the kept counts distinguish, so that the rows before a page are skipped
-- within the index.
CREATE INDEX CONCURRENTLY IF NOT EXISTS immigration_client_pages ON immigration_client (created_at DESC, id DESC)
  INCLUDE (deleted_at, branch_id, stage, active);
DROP INDEX CONCURRENTLY IF EXISTS immigration_client_newest;
CREATE INDEX CONCURRENTLY IF NOT EXISTS immigration_client_branch_pages ON immigration_client (branch_id, created_at DESC, id DESC)
  INCLUDE (deleted_at, stage, active);
DROP INDEX CONCURRENTLY IF EXISTS immigration_client_branch_newest;
CREATE INDEX CONCURRENTLY IF NOT EXISTS immigration_task_pages ON immigration_task (due_date DESC, created_at DESC, id DESC)
  INCLUDE (status, priority);
