-- A window of failed log-ins that begins in the future is from before the clock was set back, and over: otherwise it would
-- last longer by as much. A minute's slack, since transactions at the same moment have different times.

CREATE OR REPLACE FUNCTION public.login_address_failures(asked text, within interval)
RETURNS TABLE (failures integer, wait double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.failures, extract(epoch FROM a.window_started_at + within - now())::double precision
  FROM public.login_address a
  WHERE a.address = asked AND a.window_started_at > now() - within
    AND a.window_started_at <= now() + interval '1 minute'
$$;

CREATE OR REPLACE FUNCTION public.add_login_address_failure(failed text, within interval)
RETURNS TABLE (failures integer, wait double precision)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO public.login_address AS a (address, failures, window_started_at) VALUES (failed, 1, now())
  ON CONFLICT (address) DO UPDATE SET (failures, window_started_at) = (
    SELECT CASE WHEN goes_on THEN a.failures + 1 ELSE 1 END, CASE WHEN goes_on THEN a.window_started_at ELSE now() END
    FROM (SELECT a.window_started_at > now() - within
                 AND a.window_started_at <= now() + interval '1 minute' AS goes_on) present)
  RETURNING a.failures, extract(epoch FROM a.window_started_at + within - now())::double precision
$$;
