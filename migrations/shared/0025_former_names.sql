-- The names that a tenant had before: [{"name": "acme", "until": 1764500000}], until when in seconds since 1970. Tokens and
-- signed addresses from before carry them.
ALTER TABLE public.tenants_tenant ADD COLUMN former_names jsonb;
