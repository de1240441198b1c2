-- What the scheduler needs of a tenant: which tasks were noticed as due soon or overdue, quick ways to what is due, and
-- notes of changes that may make something due.

CREATE TABLE task_notice (
  task_id bigint NOT NULL REFERENCES immigration_task ON DELETE CASCADE,
  kind varchar(30) NOT NULL,
  due_date timestamptz NOT NULL,
  PRIMARY KEY (task_id, kind, due_date)
);

CREATE INDEX immigration_reminder_waiting ON immigration_reminder (reminder_date)
  WHERE NOT notification_created AND NOT is_completed;
CREATE INDEX immigration_task_open_due ON immigration_task (due_date)
  WHERE status::text = ANY (ARRAY['PENDING'::text, 'IN_PROGRESS'::text]) AND assigned_to_id IS NOT NULL;

-- Not for "notification_created": the scheduler sets it itself.
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OF reminder_date, reminder_time, is_completed ON immigration_reminder
  FOR EACH STATEMENT EXECUTE FUNCTION public.note_change_for_job('reminders');
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OF due_date, status, assigned_to_id ON immigration_task
  FOR EACH STATEMENT EXECUTE FUNCTION public.note_change_for_job('tasks');
