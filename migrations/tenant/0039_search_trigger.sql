-- The trigger as PostgreSQL writes it down: comparing rows, it said the same in a form that reads differently once it has
-- been dumped and restored, or made from the prepared script, so that `migrate` took it for one that somebody had changed.
DROP TRIGGER note_search_updated ON immigration_client;
CREATE TRIGGER note_search_updated AFTER UPDATE ON immigration_client
  FOR EACH ROW WHEN (
    OLD.first_name IS DISTINCT FROM NEW.first_name
    OR OLD.middle_name IS DISTINCT FROM NEW.middle_name
    OR OLD.last_name IS DISTINCT FROM NEW.last_name
    OR OLD.email IS DISTINCT FROM NEW.email
    OR OLD.phone_number IS DISTINCT FROM NEW.phone_number
    OR OLD.branch_id IS DISTINCT FROM NEW.branch_id
    OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
  ) EXECUTE FUNCTION note_client_search();
