-- Failed log-ins by address over all tenants, so that an address that tries its luck at many of them is limited at each.
-- Tenants' roles cannot read the table; they learn and add to the failures of the one address that they name.

CREATE TABLE public.login_address (
  address varchar(200) COLLATE "C" PRIMARY KEY,
  failures integer NOT NULL,
  window_started_at timestamptz NOT NULL
);

-- The failures of an address in the present window, and the seconds until it ends.
CREATE FUNCTION public.login_address_failures(asked text, within interval)
RETURNS TABLE (failures integer, wait double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.failures, extract(epoch FROM a.window_started_at + within - now())::double precision
  FROM public.login_address a WHERE a.address = asked AND a.window_started_at > now() - within
$$;

-- Adds one failure, and returns the same as above.
CREATE FUNCTION public.add_login_address_failure(failed text, within interval)
RETURNS TABLE (failures integer, wait double precision)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO public.login_address AS a (address, failures, window_started_at) VALUES (failed, 1, now())
  ON CONFLICT (address) DO UPDATE SET
    failures = CASE WHEN a.window_started_at > now() - within THEN a.failures + 1 ELSE 1 END,
    window_started_at = CASE WHEN a.window_started_at > now() - within THEN a.window_started_at ELSE now() END
  RETURNING a.failures, extract(epoch FROM a.window_started_at + within - now())::double precision
$$;

-- Removes addresses whose window is over, this many at most; returns their number.
CREATE FUNCTION public.remove_login_addresses(within interval, most bigint) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH gone AS (
    DELETE FROM public.login_address WHERE address IN (
      SELECT address FROM public.login_address WHERE window_started_at < now() - within
      LIMIT most FOR UPDATE SKIP LOCKED)
    RETURNING address)
  SELECT count(*)::integer FROM gone
$$;
