-- What waits for a webhook endpoint survives its being switched off and the change of its secret; e-mails about what is
-- long past are not sent.

-- The secret before the present one signs too until then.
ALTER TABLE webhook_endpoint ADD COLUMN previous_secret varchar(100);
ALTER TABLE webhook_endpoint ADD COLUMN previous_secret_until timestamptz;

-- HELD: it waits until its endpoint is switched on again.
ALTER TABLE delivery DROP CONSTRAINT delivery_status_check;
ALTER TABLE delivery ADD CONSTRAINT delivery_status_check
  CHECK (status ~ '^(PENDING|HELD|SENT|FAILED|CANCELLED)$');

-- Its age counts from here: when what it tells of happened, or when somebody asked for it anew.
ALTER TABLE delivery ADD COLUMN fresh_since timestamptz NOT NULL DEFAULT now();
UPDATE delivery SET fresh_since = created_at WHERE status = 'PENDING';

-- Places are bounded by endpoint, not by host: another endpoint at the same host is another receiver.
UPDATE delivery SET destination = 'endpoint ' || endpoint_id
WHERE status = 'PENDING' AND kind = 'webhook' AND endpoint_id IS NOT NULL;

-- However an endpoint is switched: here, over the API or by plain SQL.
CREATE FUNCTION hold_deliveries() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE delivery SET status = 'CANCELLED', last_error = 'the endpoint is removed'
    WHERE endpoint_id = OLD.id AND status IN ('PENDING', 'HELD');
    RETURN OLD;
  ELSIF NEW.is_active THEN
    UPDATE delivery SET status = 'PENDING', attempts = 0, next_attempt_at = now()
    WHERE endpoint_id = NEW.id AND status = 'HELD';
  ELSE
    UPDATE delivery SET status = 'HELD' WHERE endpoint_id = NEW.id AND status = 'PENDING';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER hold_deliveries AFTER UPDATE OF is_active ON webhook_endpoint
  FOR EACH ROW WHEN (OLD.is_active <> NEW.is_active) EXECUTE FUNCTION hold_deliveries();
CREATE TRIGGER cancel_deliveries BEFORE DELETE ON webhook_endpoint
  FOR EACH ROW EXECUTE FUNCTION hold_deliveries();

-- As before, and with the time from which the age of an e-mail counts: a notification may tell of an event that waited
-- long, or be made up for by a job, as after weeks in which the tenant was suspended.
CREATE OR REPLACE FUNCTION email_notifications() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  wanted jsonb;
BEGIN
  SELECT settings #> '{email,notifications}' INTO wanted
  FROM public.tenants_tenant
  WHERE schema_name = TG_TABLE_SCHEMA AND settings #> '{email,enabled}' = 'true'
    AND jsonb_typeof(settings #> '{email,notifications}') = 'array';
  IF wanted IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO delivery (kind, recipient, destination, event_id, notification_id, event_type, subject, body, fresh_since)
  SELECT 'email', u.email, 'mail', cause.event_id, n.id, n.notification_type, n.title, n.message,
    least(now(), CASE
      WHEN cause.event_id IS NOT NULL
        THEN coalesce((SELECT e.created_at FROM immigration_event e WHERE e.id = cause.event_id), now())
      -- Alerts of deadlines are told at intervals before and after; only the latest of them is made up for.
      WHEN n.notification_type IN ('TASK_OVERDUE', 'REMINDER_DUE') AND NOT coalesce(n.meta_info ? 'deadline_kind', false)
        THEN coalesce(n.due_date, now())
      ELSE now() END)
  FROM added n
  JOIN immigration_user u ON u.id = n.assigned_to_id
  CROSS JOIN LATERAL (
    SELECT CASE WHEN n.meta_info ->> 'event_id' ~ '^\d{1,18}$' THEN (n.meta_info ->> 'event_id')::bigint END AS event_id
  ) cause
  WHERE wanted ? n.notification_type AND u.is_active AND u.email LIKE '%_@_%'
    -- Older ones are history that somebody brings in.
    AND n.created_at > now() - interval '1 hour'
  ORDER BY n.id;
  RETURN NULL;
END
$$;
