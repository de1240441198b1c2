-- Until when nobody begins background work of a tenant: its events, deliveries, imports and jobs wait. Its requests go on.
-- It ends with that moment, whatever becomes of whoever has set it.
ALTER TABLE public.tenants_tenant ADD COLUMN work_held_until timestamptz;

-- Opens the schemas that were closed to their tenants for a time that is over, and gives their deliveries free: whoever closed
-- them has died. A tenant that has moved to another database has a cell, and stays closed here.
CREATE FUNCTION public.end_tenant_holds() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  tenant text;
BEGIN
  FOR tenant IN
    SELECT t.schema_name FROM public.tenants_tenant t
    WHERE t.cell IS NULL AND t.work_held_until <= clock_timestamp() FOR UPDATE SKIP LOCKED
  LOOP
    IF to_regnamespace(quote_ident(tenant)) IS NOT NULL AND to_regrole(quote_ident(tenant)) IS NOT NULL
      AND NOT has_schema_privilege(tenant, tenant, 'USAGE') THEN
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', tenant, tenant);
      UPDATE public.delivery_queue SET claimed_until = NULL
      WHERE schema_name = tenant AND claimed_until = 'infinity';
      RETURN NEXT tenant;
    END IF;
    UPDATE public.tenants_tenant SET work_held_until = NULL WHERE schema_name = tenant;
  END LOOP;
END
$$;
