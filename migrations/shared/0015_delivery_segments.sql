-- Deliveries in the segments of the events' queue, for the same reason (see 0013): a delivery that was sent, or put off,
-- leaves a dead row in the indexes, over which every claim would pass while an old transaction is open. The newest segment
-- is the same for both; each queue closes those in which nothing of its own waits.

-- Nobody enters or begins a segment until this is committed.
LOCK TABLE public.event_segment IN SHARE ROW EXCLUSIVE MODE;

CREATE TABLE public.delivery_segment (segment integer PRIMARY KEY);
INSERT INTO public.delivery_segment SELECT segment FROM public.event_segment UNION SELECT 1;

ALTER TABLE public.delivery_queue ADD COLUMN segment integer NOT NULL DEFAULT 1;
ALTER TABLE public.delivery_queue ALTER COLUMN segment SET DEFAULT public.event_segment_of_transaction();
DROP INDEX public.delivery_queue_webhooks, public.delivery_queue_mail;
CREATE INDEX delivery_queue_webhooks ON public.delivery_queue (segment, schema_name, destination, due_at)
  WHERE destination <> 'mail';
CREATE INDEX delivery_queue_mail ON public.delivery_queue (segment, schema_name, destination, due_at)
  WHERE destination = 'mail';

-- As before; what is put off moves into the newest segment.
CREATE OR REPLACE FUNCTION public.queue_delivery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM public.delivery_queue WHERE schema_name = TG_TABLE_SCHEMA AND delivery_id = OLD.id;
  ELSIF NEW.status = 'PENDING' THEN
    -- The outcome of an attempt ends its claim; what anybody else changes meanwhile does not, or it would be sent twice.
    INSERT INTO public.delivery_queue AS q (schema_name, delivery_id, destination, due_at)
    VALUES (TG_TABLE_SCHEMA, NEW.id, NEW.destination, NEW.next_attempt_at)
    ON CONFLICT (schema_name, delivery_id) DO UPDATE
      SET destination = EXCLUDED.destination, due_at = EXCLUDED.due_at, segment = EXCLUDED.segment,
          claimed_until = CASE WHEN NEW.attempts > OLD.attempts THEN NULL ELSE q.claimed_until END;
  ELSE
    DELETE FROM public.delivery_queue WHERE schema_name = TG_TABLE_SCHEMA AND delivery_id = NEW.id;
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.enter_event_segment() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH next AS (SELECT pg_sequence_last_value('public.event_segment_newest')::integer + 1 AS segment),
    of_deliveries AS (
      INSERT INTO public.delivery_segment (segment) SELECT segment FROM next ON CONFLICT (segment) DO NOTHING
    )
  INSERT INTO public.event_segment (segment) SELECT segment FROM next ON CONFLICT (segment) DO NOTHING
$$;

CREATE OR REPLACE FUNCTION public.begin_event_segment() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  next integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('leopard_event_segment'), 0) THEN
    RETURN;
  END IF;
  next := pg_sequence_last_value('public.event_segment_newest') + 1;
  IF EXISTS (SELECT FROM public.event_segment WHERE segment = next)
    AND EXISTS (SELECT FROM public.delivery_segment WHERE segment = next) THEN
    PERFORM setval('public.event_segment_newest', next);
  END IF;
END
$$;

-- What close_event_segments does, for deliveries.
CREATE FUNCTION public.close_delivery_segments(most_open integer DEFAULT 4, most_moved integer DEFAULT 500)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
DECLARE
  newest integer := pg_sequence_last_value('public.event_segment_newest');
  old integer;
  kept integer := 0;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed'
    OR NOT pg_try_advisory_xact_lock(hashtext('leopard_event_segment'), 0) THEN
    RETURN;
  END IF;
  FOR old IN SELECT segment FROM public.delivery_segment WHERE segment < newest ORDER BY segment DESC LIMIT 100 LOOP
    IF EXISTS (SELECT FROM public.delivery_queue WHERE segment = old AND destination <> 'mail')
      OR EXISTS (SELECT FROM public.delivery_queue WHERE segment = old AND destination = 'mail') THEN
      kept := kept + 1;
      IF kept >= most_open AND (
        SELECT count(*) <= most_moved FROM (
          (SELECT FROM public.delivery_queue WHERE segment = old AND destination <> 'mail' LIMIT most_moved + 1)
          UNION ALL
          (SELECT FROM public.delivery_queue WHERE segment = old AND destination = 'mail' LIMIT most_moved + 1)
        ) waiting) THEN
        UPDATE public.delivery_queue SET segment = public.event_segment_of_transaction()
        WHERE (schema_name, delivery_id) IN (
          SELECT schema_name, delivery_id FROM public.delivery_queue
          WHERE segment = old AND destination <> 'mail' FOR UPDATE SKIP LOCKED);
        UPDATE public.delivery_queue SET segment = public.event_segment_of_transaction()
        WHERE (schema_name, delivery_id) IN (
          SELECT schema_name, delivery_id FROM public.delivery_queue
          WHERE segment = old AND destination = 'mail' FOR UPDATE SKIP LOCKED);
      END IF;
    ELSIF pg_try_advisory_xact_lock(hashtext('leopard_event_segment'), old) THEN
      DELETE FROM public.delivery_segment
      WHERE segment = old
        AND NOT EXISTS (SELECT FROM public.delivery_queue WHERE segment = old AND destination <> 'mail')
        AND NOT EXISTS (SELECT FROM public.delivery_queue WHERE segment = old AND destination = 'mail');
    END IF;
  END LOOP;
END
$$;
