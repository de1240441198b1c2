-- Workers are told of new events at the very end of a transaction, and not of each.
--
-- A transaction that notifies holds a lock over the whole server while it commits, so that those of many writers at once
-- stand in line. Now one gives no notice within 8 ms of another's, nor while another is about to: a worker that was told
-- looks again after 10, 50 and 250 ms (src/events/worker/look-again.ts), and finds what was committed meanwhile. What
-- remains between the decision and the time when others see the change is the commit itself. If that takes longer than
-- those looks, or the transaction that was to give notice fails at its commit, the event waits for the poll: a second.

-- When the last notice was given, in milliseconds since 1970. A sequence, since nobody waits for it.
CREATE SEQUENCE public.event_notice_given;

-- Whether this is the first event that the transaction makes.
CREATE FUNCTION public.is_first_event_of_transaction() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  own text := pg_catalog.pg_current_xact_id()::text;
BEGIN
  IF pg_catalog.current_setting('leopard.event_notice', true) = own THEN
    RETURN false;
  END IF;
  PERFORM pg_catalog.set_config('leopard.event_notice', own, true);
  RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION public.is_first_event_of_transaction() FROM PUBLIC;

CREATE FUNCTION public.give_event_notice() RETURNS trigger
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
  PERFORM pg_notify('leopard_events', '');
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION public.give_event_notice() FROM PUBLIC;

CREATE CONSTRAINT TRIGGER give_notice AFTER INSERT OR UPDATE OF queued_at ON public.event_queue
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (public.is_first_event_of_transaction()) EXECUTE FUNCTION public.give_event_notice();

-- Capture triggers of before call it, until they are renewed.
CREATE OR REPLACE FUNCTION public.wake_event_workers() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
END
$$;
