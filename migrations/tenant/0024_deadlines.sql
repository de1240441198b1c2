-- What expires or falls due, by its date; intakes and tasks have their indexes.
CREATE INDEX immigration_passport_expiry ON immigration_passport (date_of_expiry) WHERE date_of_expiry IS NOT NULL;
CREATE INDEX immigration_visaapplication_expiry ON immigration_visaapplication (expiry_date)
  WHERE expiry_date IS NOT NULL;
CREATE INDEX immigration_reminder_open ON immigration_reminder (reminder_date) WHERE NOT is_completed;

-- Which deadlines were told of at which interval: days after the due date, negative for days before it. Another due
-- date of the same record is another deadline.
CREATE TABLE deadline_alert (
  kind varchar(20) NOT NULL,
  record_id bigint NOT NULL,
  due_date date NOT NULL,
  days integer NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, record_id, due_date, days)
);
CREATE INDEX deadline_alert_due_date_idx ON deadline_alert (due_date);
