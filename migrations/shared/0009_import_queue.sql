-- Which imports of clients have work waiting, of all tenants: so that a worker finds it without visiting each tenant.
-- Kept in step with the tenants' tables "client_import" by a trigger, in the transaction that begins or ends the work.

CREATE TABLE public.client_import_queue (
  schema_name varchar(63) COLLATE "C" NOT NULL,
  import_id bigint NOT NULL,
  due_at timestamptz NOT NULL,
  PRIMARY KEY (schema_name, import_id)
);

-- For the triggers of the tenants' tables "client_import" alone. It runs as the owner; the tenant is the table's
-- schema, never an argument.
CREATE FUNCTION public.queue_client_import() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM public.client_import_queue WHERE schema_name = TG_TABLE_SCHEMA AND import_id = OLD.id;
  ELSIF NEW.status IN ('CHECKING', 'RUNNING', 'UNDOING') THEN
    INSERT INTO public.client_import_queue (schema_name, import_id, due_at)
    VALUES (TG_TABLE_SCHEMA, NEW.id, NEW.due_at)
    ON CONFLICT (schema_name, import_id) DO UPDATE SET due_at = EXCLUDED.due_at;
    PERFORM pg_notify('leopard_client_imports_due', '');
  ELSE
    DELETE FROM public.client_import_queue WHERE schema_name = TG_TABLE_SCHEMA AND import_id = NEW.id;
  END IF;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION public.queue_client_import() FROM PUBLIC;

CREATE FUNCTION public.forget_all_client_imports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM public.client_import_queue WHERE schema_name = TG_TABLE_SCHEMA;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION public.forget_all_client_imports() FROM PUBLIC;

-- A tenant that is removed takes its waiting imports along.
CREATE FUNCTION public.forget_client_imports_of_tenant() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM public.client_import_queue WHERE schema_name = OLD.schema_name;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_client_imports AFTER DELETE ON public.tenants_tenant
  FOR EACH ROW EXECUTE FUNCTION public.forget_client_imports_of_tenant();
