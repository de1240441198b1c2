-- The queue of events in segments, so that what it costs does not grow with what is done.
--
-- A row that was removed stays in the indexes until it is vacuumed away, which an old transaction that is left open
-- prevents. So the queue is read by segments: new events go into the newest one, a new one is begun after some thousand
-- events, and one that nothing waits in any more is closed and never looked at again, dead rows and all. The indexes
-- begin with the segment.

CREATE TABLE public.event_segment (
  segment integer PRIMARY KEY,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- The newest segment. A sequence, since its value is the same for all transactions at once.
CREATE SEQUENCE public.event_segment_newest AS integer;

-- Which segment events go into that this transaction makes: one for all of them. Its lock, shared and held until the
-- transaction ends, says that the segment may yet get rows. After the lock it is looked again: whoever finds the segment
-- to be the newest has it locked before anybody can see to closing it.
CREATE FUNCTION public.event_segment_of_transaction() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  own text := pg_current_xact_id()::text;
  noted text := current_setting('leopard.event_segment', true);
  newest integer;
BEGIN
  IF split_part(noted, ' ', 1) = own THEN
    RETURN split_part(noted, ' ', 2);
  END IF;
  LOOP
    newest := pg_sequence_last_value('public.event_segment_newest');
    PERFORM pg_advisory_xact_lock_shared(hashtext('leopard_event_segment'), newest);
    EXIT WHEN newest = pg_sequence_last_value('public.event_segment_newest');
  END LOOP;
  PERFORM set_config('leopard.event_segment', own || ' ' || newest, true);
  RETURN newest;
END
$$;

INSERT INTO public.event_segment (segment) VALUES (1);
SELECT setval('public.event_segment_newest', 1);

ALTER TABLE public.event_queue ADD COLUMN segment integer NOT NULL DEFAULT 1;
ALTER TABLE public.event_queue ALTER COLUMN segment SET DEFAULT public.event_segment_of_transaction();
DROP INDEX public.event_queue_due, public.event_queue_record;
CREATE INDEX event_queue_due ON public.event_queue (segment, schema_name, due_at, event_id);
CREATE INDEX event_queue_record ON public.event_queue (segment, schema_name, entity_type, entity_id, event_id);

-- Enters the next segment into the table of those that are open. It is begun in a later transaction, so that nothing is
-- ever in a segment that readers do not know of.
CREATE FUNCTION public.enter_event_segment() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO public.event_segment (segment)
  VALUES (pg_sequence_last_value('public.event_segment_newest') + 1) ON CONFLICT (segment) DO NOTHING
$$;

-- From now on events go into the segment that was entered, unless somebody has just begun one.
CREATE FUNCTION public.begin_event_segment() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  next integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('leopard_event_segment'), 0) THEN
    RETURN;
  END IF;
  next := pg_sequence_last_value('public.event_segment_newest') + 1;
  IF EXISTS (SELECT FROM public.event_segment WHERE segment = next) THEN
    PERFORM setval('public.event_segment_newest', next);
  END IF;
END
$$;

-- Closes old segments in which nothing waits and into which no open transaction has written. Where many stay open for
-- the sake of few events (they failed and are tried again later), those of the oldest ones move into the newest.
CREATE FUNCTION public.close_event_segments(most_open integer DEFAULT 4, most_moved integer DEFAULT 500) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
DECLARE
  newest integer := pg_sequence_last_value('public.event_segment_newest');
  old integer;
  kept integer := 0;
BEGIN
  -- Each statement has to see what was committed before it, and one process at a time is enough.
  IF current_setting('transaction_isolation') <> 'read committed'
    OR NOT pg_try_advisory_xact_lock(hashtext('leopard_event_segment'), 0) THEN
    RETURN;
  END IF;
  FOR old IN SELECT segment FROM public.event_segment WHERE segment < newest ORDER BY segment DESC LIMIT 100 LOOP
    IF EXISTS (SELECT FROM public.event_queue WHERE segment = old) THEN
      kept := kept + 1;
      IF kept >= most_open AND NOT EXISTS (
        SELECT FROM public.event_queue WHERE segment = old OFFSET most_moved LIMIT 1) THEN
        UPDATE public.event_queue SET segment = public.event_segment_of_transaction()
        WHERE (schema_name, event_id) IN (
          SELECT schema_name, event_id FROM public.event_queue WHERE segment = old FOR UPDATE SKIP LOCKED);
      END IF;
    ELSIF pg_try_advisory_xact_lock(hashtext('leopard_event_segment'), old) THEN
      -- Looked at once more: whoever held the lock until now may have committed in between.
      DELETE FROM public.event_segment
      WHERE segment = old AND NOT EXISTS (SELECT FROM public.event_queue WHERE segment = old);
    END IF;
  END LOOP;
END
$$;

-- As before, segment by segment, the oldest first. Events of a record wait for an earlier one in whichever segment.
-- Earlier ones are asked for in the order of the one index that leads to them (nothing is sorted here), since the planner,
-- whose statistics are those of an empty table, would as soon pass over all events of the tenant.
CREATE OR REPLACE FUNCTION public.claim_events(
  most integer, alone boolean DEFAULT false, left_out text[] DEFAULT '{}', since timestamptz DEFAULT '-infinity'
) RETURNS TABLE (event_id bigint, claims smallint, due_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off AS $$
DECLARE
  tenant text := public.transaction_tenant();
  wanted integer := most;
  here integer;
  claimed integer;
BEGIN
  IF most <= 0 THEN
    RETURN;
  END IF;
  FOR here IN SELECT s.segment FROM public.event_segment s ORDER BY s.segment LOOP
    RETURN QUERY
      SELECT q.event_id, q.claims, q.due_at
      FROM public.event_queue q
      WHERE q.segment = here AND q.schema_name = tenant AND q.due_at BETWEEN since AND statement_timestamp()
        AND (q.claims >= 3) = alone AND q.event_type <> ALL (left_out)
        AND (
          SELECT true FROM unnest(ARRAY(SELECT s.segment FROM public.event_segment s)) AS open (segment)
          CROSS JOIN LATERAL (
            SELECT FROM public.event_queue earlier
            WHERE earlier.segment = open.segment AND earlier.schema_name = q.schema_name
              AND earlier.entity_type = q.entity_type AND earlier.entity_id >= q.entity_id
              AND (earlier.entity_id, earlier.event_id) < (q.entity_id, q.event_id)
              AND (earlier.segment > q.segment OR earlier.due_at > statement_timestamp() OR earlier.due_at < since
                OR (earlier.segment = q.segment AND earlier.due_at > q.due_at)
                OR (earlier.claims >= 3) <> alone OR earlier.event_type = ANY (left_out))
            ORDER BY earlier.entity_id, earlier.event_id LIMIT 1
          ) AS first
          LIMIT 1) IS NULL
      ORDER BY q.due_at, q.event_id
      LIMIT wanted
      FOR UPDATE OF q SKIP LOCKED;
    GET DIAGNOSTICS claimed = ROW_COUNT;
    wanted := wanted - claimed;
    EXIT WHEN wanted <= 0;
  END LOOP;
END
$$;

-- Counts a claim, as before. An event that is handled alone because it was taken three times without an outcome is due
-- again later and later: when it is that event that takes its worker down, the others get on in between; when it was
-- the network or the server, that is over sooner than the event counts as failed.
CREATE OR REPLACE FUNCTION public.count_claims(ids bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off AS $$
  UPDATE public.event_queue q
  SET claims = q.claims + 1,
    due_at = CASE WHEN q.claims < 3 THEN q.due_at
      ELSE clock_timestamp() + make_interval(secs => least(2 ^ (q.claims - 3), 64)) END
  FROM unnest(ids) AS claimed (id)
  WHERE q.schema_name = public.transaction_tenant() AND q.event_id = claimed.id
$$;

-- Takes claimed events for good, until the transaction ends: those that nobody has come to an outcome with meanwhile and
-- that have no earlier event of their record beside them. Of the others the claim is not counted.
CREATE OR REPLACE FUNCTION public.take_events(ids bigint[]) RETURNS TABLE (event_id bigint, claims smallint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off AS $$
  WITH taken AS MATERIALIZED (
    SELECT q.event_id, q.claims
    FROM unnest(ids) AS claimed (id)
    JOIN public.event_queue q ON q.schema_name = public.transaction_tenant() AND q.event_id = claimed.id
    WHERE q.claims > 0
      AND (
        SELECT true FROM unnest(ARRAY(SELECT s.segment FROM public.event_segment s)) AS open (segment)
        CROSS JOIN LATERAL (
          SELECT FROM public.event_queue earlier
          WHERE earlier.segment = open.segment AND earlier.schema_name = q.schema_name
            AND earlier.entity_type = q.entity_type AND earlier.entity_id >= q.entity_id
            AND (earlier.entity_id, earlier.event_id) < (q.entity_id, q.event_id)
            AND (earlier.event_id <> ALL (ids) OR earlier.claims = 0)
          ORDER BY earlier.entity_id, earlier.event_id LIMIT 1
        ) AS first
        LIMIT 1) IS NULL
    FOR UPDATE OF q
  ), left_alone AS (
    UPDATE public.event_queue q SET claims = q.claims - 1
    FROM unnest(ids) AS claimed (id)
    WHERE q.schema_name = public.transaction_tenant() AND q.event_id = claimed.id AND q.claims > 0
      AND q.event_id <> ALL (ARRAY(SELECT t.event_id FROM taken t))
  )
  SELECT t.event_id, t.claims FROM taken t
$$;

-- What is put off, or put back, moves into the newest segment, so that it does not keep an old one open.
CREATE OR REPLACE FUNCTION public.delay_event(id bigint, seconds double precision) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  UPDATE public.event_queue
  SET due_at = clock_timestamp() + make_interval(secs => seconds), claims = 0,
    segment = public.event_segment_of_transaction()
  WHERE schema_name = public.transaction_tenant() AND event_id = id
$$;

CREATE OR REPLACE FUNCTION public.requeue_event(id bigint, event_type text, entity_type text, entity_id bigint)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
  VALUES (public.transaction_tenant(), id, event_type, entity_type, entity_id)
  ON CONFLICT (schema_name, event_id) DO UPDATE SET due_at = now(), claims = 0, segment = excluded.segment,
    event_type = excluded.event_type, entity_type = excluded.entity_type, entity_id = excluded.entity_id
$$;

-- Keeps the place of an event that failed for good but of which the admins could not be told. It is no record's any
-- more, so that later events of its own go on.
CREATE FUNCTION public.await_alert(id bigint, seconds double precision) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  UPDATE public.event_queue
  SET due_at = clock_timestamp() + make_interval(secs => seconds), claims = 0, entity_type = 'alert', entity_id = event_id,
    segment = public.event_segment_of_transaction()
  WHERE schema_name = public.transaction_tenant() AND event_id = id
$$;

-- Tenants that have due events: in each open segment one look into the index per tenant. For who may read the queue.
CREATE FUNCTION public.tenants_with_due_events() RETURNS SETOF text
LANGUAGE sql SET search_path = pg_catalog
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off AS $$
  SELECT DISTINCT first.schema_name::text
  FROM public.event_segment s CROSS JOIN LATERAL (
    WITH RECURSIVE waiting AS (
      (SELECT q.schema_name, q.due_at FROM public.event_queue q
       WHERE q.segment = s.segment ORDER BY q.schema_name, q.due_at LIMIT 1)
      UNION ALL
      SELECT next.schema_name, next.due_at FROM waiting CROSS JOIN LATERAL (
        SELECT q.schema_name, q.due_at FROM public.event_queue q
        WHERE q.segment = s.segment AND q.schema_name > waiting.schema_name ORDER BY q.schema_name, q.due_at LIMIT 1
      ) next
    )
    SELECT schema_name FROM waiting WHERE due_at <= clock_timestamp()
  ) first
$$;

-- How many events wait, by tenant and type. For who may read the queue.
CREATE FUNCTION public.waiting_events(only_of text DEFAULT NULL)
RETURNS TABLE (schema_name text, event_type text, depth bigint, due bigint, oldest timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off AS $$
  SELECT q.schema_name::text, q.event_type::text, count(*), count(*) FILTER (WHERE q.due_at <= now()), min(q.queued_at)
  FROM public.event_segment s JOIN public.event_queue q ON q.segment = s.segment
  WHERE only_of IS NULL OR q.schema_name = only_of
  GROUP BY 1, 2
$$;
