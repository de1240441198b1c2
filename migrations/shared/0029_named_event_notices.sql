-- The notice of new events names their tenant: a worker that has nothing else to do serves it without asking who has work.

CREATE OR REPLACE FUNCTION public.give_event_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  now_ms bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM public.event_sleeper) THEN
    RETURN NULL;
  END IF;
  now_ms := extract(epoch FROM clock_timestamp()) * 1000;
  -- Not where the clock was set back, or no notice was given yet.
  IF now_ms - pg_sequence_last_value('public.event_notice_given') BETWEEN 0 AND 8 THEN
    RETURN NULL;
  END IF;
  -- Held until the commit is done.
  IF NOT pg_try_advisory_xact_lock(hashtext('leopard_event_notice'), 0) THEN
    RETURN NULL;
  END IF;
  PERFORM setval('public.event_notice_given', now_ms);
  PERFORM pg_notify('leopard_events', NEW.schema_name);
  RETURN NULL;
END
$$;
