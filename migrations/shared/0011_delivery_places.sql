-- Webhooks and e-mails are claimed apart, so that neither waits for the other's places: each is stepped through by an
-- index of its own.

CREATE INDEX delivery_queue_webhooks ON public.delivery_queue (schema_name, destination, due_at)
  WHERE destination <> 'mail';
CREATE INDEX delivery_queue_mail ON public.delivery_queue (schema_name, destination, due_at)
  WHERE destination = 'mail';
DROP INDEX public.delivery_queue_due;

COMMENT ON COLUMN public.delivery_queue.destination IS
  'Where it goes, as far as sending must be bounded: the tenant''s endpoint, or "mail".';
