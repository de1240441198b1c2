-- Tenants that were deleted and can still be brought back: until `purge_at`, or for ever where that is null.
CREATE TABLE public.tenant_deletion (
  schema_name varchar(63) PRIMARY KEY,
  deleted_at timestamptz NOT NULL DEFAULT now(),
  purge_at timestamptz,
  -- Whether it was switched on before.
  was_active boolean NOT NULL
);

CREATE FUNCTION public.forget_deletion_of_tenant() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM public.tenant_deletion WHERE schema_name = OLD.schema_name;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_deletion AFTER DELETE ON public.tenants_tenant
  FOR EACH ROW EXECUTE FUNCTION public.forget_deletion_of_tenant();
