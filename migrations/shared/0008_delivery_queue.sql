-- Which deliveries (webhooks, e-mails) wait to be sent, of all tenants: so that whoever sends finds what is due
-- without visiting each tenant. Kept in step with the tenants' tables "delivery" by a trigger, in the transaction
-- that leaves or ends a delivery.

CREATE TABLE public.delivery_queue (
  schema_name varchar(63) COLLATE "C" NOT NULL,
  delivery_id bigint NOT NULL,
  -- Where it goes, as far as sending must be bounded: the receiver's host and port, or "mail".
  destination varchar(260) COLLATE "C" NOT NULL,
  due_at timestamptz NOT NULL,
  -- Until then it is in the hands of one sender. A sender that dies leaves it here, and it is sent again.
  claimed_until timestamptz,
  PRIMARY KEY (schema_name, delivery_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX delivery_queue_due ON public.delivery_queue (schema_name, destination, due_at);

-- For the triggers of the tenants' tables "delivery" alone. It runs as the owner; the tenant is the table's schema,
-- never an argument.
CREATE FUNCTION public.queue_delivery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM public.delivery_queue WHERE schema_name = TG_TABLE_SCHEMA AND delivery_id = OLD.id;
  ELSIF NEW.status = 'PENDING' THEN
    -- The outcome of an attempt ends its claim; what anybody else changes meanwhile does not, or it would be sent twice.
    INSERT INTO public.delivery_queue AS q (schema_name, delivery_id, destination, due_at)
    VALUES (TG_TABLE_SCHEMA, NEW.id, NEW.destination, NEW.next_attempt_at)
    ON CONFLICT (schema_name, delivery_id) DO UPDATE
      SET destination = EXCLUDED.destination, due_at = EXCLUDED.due_at,
          claimed_until = CASE WHEN NEW.attempts > OLD.attempts THEN NULL ELSE q.claimed_until END;
  ELSE
    DELETE FROM public.delivery_queue WHERE schema_name = TG_TABLE_SCHEMA AND delivery_id = NEW.id;
  END IF;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION public.queue_delivery() FROM PUBLIC;

CREATE FUNCTION public.forget_all_deliveries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM public.delivery_queue WHERE schema_name = TG_TABLE_SCHEMA;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION public.forget_all_deliveries() FROM PUBLIC;

-- A tenant that is removed takes its waiting deliveries along.
CREATE FUNCTION public.forget_deliveries_of_tenant() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM public.delivery_queue WHERE schema_name = OLD.schema_name;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_deliveries AFTER DELETE ON public.tenants_tenant
  FOR EACH ROW EXECUTE FUNCTION public.forget_deliveries_of_tenant();

-- The e-mail settings of the tenant whose transaction this is; its role cannot read them otherwise.
CREATE FUNCTION public.tenant_email_settings() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT settings -> 'email' FROM public.tenants_tenant WHERE schema_name = public.transaction_tenant()
$$;

-- Whether one of these patterns ("Client.CREATE", "Client.*", "*.UPDATE", "*") stands for this type of event.
CREATE FUNCTION public.event_type_matches(patterns jsonb, event_type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT EXISTS (
    SELECT FROM jsonb_array_elements_text(patterns) AS p (pattern)
    WHERE event_type LIKE replace(replace(replace(replace(pattern, '\', '\\'), '_', '\_'), '%', '\%'), '*', '%')
  )
$$;
