-- The lists of what hangs on clients, the latest first.
CREATE INDEX immigration_proficiency_latest ON immigration_proficiency (test_date DESC, id DESC);
CREATE INDEX immigration_qualification_latest ON immigration_qualification (completion_date DESC, id DESC);
CREATE INDEX immigration_employment_latest ON immigration_employment (end_date DESC, id DESC);

-- Which reminders were asked for with a record that expires, so that they move with its expiry. Apart from the reminder,
-- all of whose columns users may change.
CREATE TABLE expiry_reminder (
  reminder_id bigint PRIMARY KEY REFERENCES immigration_reminder ON DELETE CASCADE,
  -- Of the record's content type.
  model varchar(30) NOT NULL,
  record_id bigint NOT NULL,
  days_before integer NOT NULL,
  -- The record's expiry when the reminder was written last.
  expires_on date NOT NULL
);
CREATE INDEX expiry_reminder_record_idx ON expiry_reminder (model, record_id);
