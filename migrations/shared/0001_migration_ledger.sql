-- Which migration was applied where: scope is 'shared' or the schema of a tenant.
CREATE TABLE public.migration_ledger (
  scope varchar(63) NOT NULL,
  number integer NOT NULL,
  name varchar(200) NOT NULL,
  checksum char(64) NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scope, number)
);
