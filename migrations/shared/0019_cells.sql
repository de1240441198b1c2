-- The database server on which a tenant lives. NULL: in this very database. In the catalogue a name stands for the cell of
-- that name, whose own row of the tenant has NULL.
ALTER TABLE public.tenants_tenant ADD COLUMN cell varchar(63)
  CHECK (cell ~ '^[a-z][a-z0-9-]{0,61}[a-z0-9]$' AND cell <> 'main');
