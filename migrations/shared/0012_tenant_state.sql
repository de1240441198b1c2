-- What is known of each tenant's schema beyond its tables.

-- A migration that an operator had passed over at a tenant counts as applied, so that later ones can be.
ALTER TABLE public.migration_ledger ADD COLUMN is_skipped boolean NOT NULL DEFAULT false;

-- Running programs keep in memory which tenants can be served; the notice names the schema.
CREATE FUNCTION public.notify_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed text := CASE TG_OP WHEN 'DELETE' THEN OLD.scope ELSE NEW.scope END;
BEGIN
  IF changed <> 'shared' THEN
    PERFORM pg_notify('leopard_tenants', changed);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER notify_ledger AFTER INSERT OR UPDATE OR DELETE ON public.migration_ledger
  FOR EACH ROW EXECUTE FUNCTION public.notify_ledger_change();

-- The schema to which a tenant's rows in public belong, by PostgreSQL's own number of it: one that was dropped and
-- restored has another, and the queues then hold rows that it knows nothing of.
CREATE TABLE public.tenant_incarnation (
  schema_name varchar(63) PRIMARY KEY,
  namespace bigint NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO public.tenant_incarnation (schema_name, namespace)
SELECT t.schema_name, n.oid::bigint
FROM public.tenants_tenant t JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema_name;

CREATE FUNCTION public.forget_incarnation_of_tenant() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM public.tenant_incarnation WHERE schema_name = OLD.schema_name;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_incarnation AFTER DELETE ON public.tenants_tenant
  FOR EACH ROW EXECUTE FUNCTION public.forget_incarnation_of_tenant();
