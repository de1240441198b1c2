-- The tenants that could not be migrated when that was last tried, for `leopard migrate status`.
CREATE TABLE public.migration_failure (
  schema_name varchar(63) PRIMARY KEY
    REFERENCES public.tenants_tenant (schema_name) ON UPDATE CASCADE ON DELETE CASCADE,
  message text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now()
);
