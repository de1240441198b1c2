-- What a server's clock that is set back leaves in the queues, also after a failover to a server whose clock is behind: times
-- that come later than anybody meant. The job "clock" (src/app/clock-job.ts) calls these functions.

-- Makes work due that is due later than it can have been put off, at most `most` rows of each queue; returns their number.
-- Looks along the indexes, tenant by tenant, unless the clock was set back: then events that were queued at a moment that is
-- yet to come are due as well.
CREATE FUNCTION public.free_future_work(
  was_set_back boolean, longest_of_events interval, longest_of_deliveries interval, most integer
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  freed integer;
  more integer := 0;
BEGIN
  IF current_setting('role') LIKE 'tenant%' THEN
    RAISE EXCEPTION 'not for a tenant' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE public.event_queue q SET due_at = now()
  FROM (
    SELECT late.schema_name, late.event_id FROM public.event_segment s
    CROSS JOIN public.tenants_tenant t
    CROSS JOIN LATERAL (
      SELECT e.schema_name, e.event_id FROM public.event_queue e
      WHERE e.segment = s.segment AND e.schema_name = t.schema_name AND e.due_at > now() + longest_of_events
      ORDER BY e.due_at LIMIT most FOR UPDATE SKIP LOCKED
    ) late
    LIMIT most
  ) late
  WHERE q.schema_name = late.schema_name AND q.event_id = late.event_id;
  GET DIAGNOSTICS freed = ROW_COUNT;
  IF was_set_back THEN
    UPDATE public.event_queue q SET due_at = now()
    FROM (
      SELECT e.schema_name, e.event_id FROM public.event_queue e
      WHERE e.due_at > now() AND e.queued_at > now() LIMIT most FOR UPDATE SKIP LOCKED
    ) late
    WHERE q.schema_name = late.schema_name AND q.event_id = late.event_id;
    GET DIAGNOSTICS more = ROW_COUNT;
    freed := freed + more;
  END IF;
  UPDATE public.delivery_queue q SET due_at = now()
  FROM (
    SELECT d.schema_name, d.delivery_id FROM public.delivery_queue d
    WHERE d.due_at > now() + longest_of_deliveries LIMIT most FOR UPDATE SKIP LOCKED
  ) late
  WHERE q.schema_name = late.schema_name AND q.delivery_id = late.delivery_id;
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN freed + more;
END
$$;

-- Brings what waits forward by as much as the clock was set back; returns the number of rows. What is held without an end
-- stays held.
CREATE FUNCTION public.bring_work_forward(back interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  moved integer := 0;
  more integer;
BEGIN
  IF current_setting('role') LIKE 'tenant%' THEN
    RAISE EXCEPTION 'not for a tenant' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE public.event_queue q SET due_at = greatest(now(), q.due_at - back)
  FROM (SELECT e.schema_name, e.event_id FROM public.event_queue e WHERE e.due_at > now() FOR UPDATE SKIP LOCKED) late
  WHERE q.schema_name = late.schema_name AND q.event_id = late.event_id;
  GET DIAGNOSTICS more = ROW_COUNT;
  moved := moved + more;
  UPDATE public.delivery_queue q SET due_at = greatest(now(), q.due_at - back)
  FROM (SELECT d.schema_name, d.delivery_id FROM public.delivery_queue d WHERE d.due_at > now() FOR UPDATE SKIP LOCKED) late
  WHERE q.schema_name = late.schema_name AND q.delivery_id = late.delivery_id;
  GET DIAGNOSTICS more = ROW_COUNT;
  moved := moved + more;
  UPDATE public.tenants_tenant t SET work_held_until = greatest(now(), t.work_held_until - back)
  WHERE t.work_held_until > now() AND t.work_held_until < 'infinity';
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN moved + more;
END
$$;

