-- Operations on whole tenants that take several steps: creating, renaming, moving, deleting … A process that is killed
-- leaves its operation here, so that another one can carry it on or undo it. Only the owner reads and writes it.
CREATE TABLE public.tenant_operation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind varchar(40) NOT NULL,
  -- The tenant first, then others that nothing else may change meanwhile, such as the new name of a renamed one.
  schema_names varchar(63)[] NOT NULL CHECK (cardinality(schema_names) > 0),
  parameters jsonb NOT NULL DEFAULT '{}',
  -- What the steps noted for later ones and for the result.
  notes jsonb NOT NULL DEFAULT '{}',
  -- text, not varchar: the check of a varchar is written in another way after a dump and a restore.
  state text NOT NULL DEFAULT 'RUNNING' CHECK (state IN ('RUNNING', 'UNDOING', 'FAILED', 'DONE', 'UNDONE')),
  steps_done varchar(40)[] NOT NULL DEFAULT '{}',
  -- The step under way.
  step varchar(40),
  progress jsonb,
  error text,
  started_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  -- The process that runs it, until when unless it extends that; nobody where null.
  holder uuid,
  held_on text,
  held_by_pid integer,
  held_until timestamptz
);
CREATE INDEX tenant_operation_open ON public.tenant_operation (id) WHERE finished_at IS NULL;
