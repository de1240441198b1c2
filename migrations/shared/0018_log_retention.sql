-- For how many days the logs of each tenant are kept; 0: for ever. Only the owner changes it (`leopard migrate`, or a start
-- with the owner's settings), so that neither the program nor a tenant can have entries removed earlier.
CREATE TABLE public.log_retention (
  log text PRIMARY KEY CHECK (log IN ('audit', 'security')),
  days integer NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CHECK (days = 0 OR days >= CASE log WHEN 'audit' THEN 365 ELSE 30 END)
);
INSERT INTO public.log_retention (log, days) VALUES ('audit', 0), ('security', 0);
