-- Rows of the queue by their ids, one by one: joined with a list of ids the planner, whose statistics are those of an empty
-- table, passes over all of a tenant's, dead ones included.

CREATE OR REPLACE FUNCTION public.count_claims(ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  tenant text := public.transaction_tenant();
  one bigint;
BEGIN
  FOREACH one IN ARRAY coalesce(ids, '{}') LOOP
    UPDATE public.event_queue q
    SET claims = q.claims + 1,
      due_at = CASE WHEN q.claims < 3 THEN q.due_at
        ELSE clock_timestamp() + make_interval(secs => least(2 ^ (q.claims - 3), 64)) END
    WHERE q.schema_name = tenant AND q.event_id = one;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION public.finish_events(ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  tenant text := public.transaction_tenant();
  one bigint;
BEGIN
  FOREACH one IN ARRAY coalesce(ids, '{}') LOOP
    DELETE FROM public.event_queue q WHERE q.schema_name = tenant AND q.event_id = one;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION public.take_events(ids bigint[]) RETURNS TABLE (event_id bigint, claims smallint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  tenant text := public.transaction_tenant();
  taken bigint[] := '{}';
  one bigint;
BEGIN
  FOR event_id, claims IN
    SELECT q.event_id, q.claims
    FROM unnest(ids) AS claimed (id)
    CROSS JOIN LATERAL (
      SELECT * FROM public.event_queue row WHERE row.schema_name = tenant AND row.event_id = claimed.id
      OFFSET 0 FOR UPDATE
    ) q
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
  LOOP
    taken := taken || event_id;
    RETURN NEXT;
  END LOOP;
  FOREACH one IN ARRAY ids LOOP
    IF one <> ALL (taken) THEN
      UPDATE public.event_queue q SET claims = q.claims - 1
      WHERE q.schema_name = tenant AND q.event_id = one AND q.claims > 0;
    END IF;
  END LOOP;
END
$$;
