-- Reminders in the order of their list, and those of one record.
CREATE INDEX immigration_reminder_latest ON immigration_reminder
  (reminder_date DESC NULLS LAST, reminder_time DESC NULLS LAST, id DESC);
CREATE INDEX immigration_reminder_content_type_id_object_id_idx ON immigration_reminder (content_type_id, object_id);
