-- Removes some of the oldest entries, of those older than the given days and than the setting that the owner has stored
-- allows, at least a year; nothing where that says for ever. Returns their number.
CREATE OR REPLACE FUNCTION audit_forget(days integer, at_most bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  WITH gone AS (
    DELETE FROM audit_entry WHERE id IN (
      SELECT id FROM audit_entry
      WHERE at < (
        SELECT now() - make_interval(days => greatest(audit_forget.days, kept.days, 365))
        FROM public.log_retention kept WHERE kept.log = 'audit' AND kept.days > 0)
      ORDER BY at, id LIMIT at_most FOR UPDATE SKIP LOCKED)
    RETURNING id)
  SELECT count(*) FROM gone
$$;

-- The same for the security log, at least 30 days.
CREATE OR REPLACE FUNCTION security_forget(days integer, at_most bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  WITH gone AS (
    DELETE FROM security_event WHERE id IN (
      SELECT id FROM security_event
      WHERE at < (
        SELECT now() - make_interval(days => greatest(security_forget.days, kept.days, 30))
        FROM public.log_retention kept WHERE kept.log = 'security' AND kept.days > 0)
      ORDER BY at, id LIMIT at_most FOR UPDATE SKIP LOCKED)
    RETURNING id)
  SELECT count(*) FROM gone
$$;
