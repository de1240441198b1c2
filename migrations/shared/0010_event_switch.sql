-- Makes the row of the switch for events anew where somebody removed it by force (without triggers), so that pausing
-- never changes nothing. As the owner, since the program's role may only change the row.
CREATE FUNCTION public.ensure_event_switch() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO public.immigration_event_processing_control (id) VALUES (1) ON CONFLICT (id) DO NOTHING
$$;
SELECT public.ensure_event_switch();
