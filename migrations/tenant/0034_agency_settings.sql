-- What an agency may see and change of its own row in public.tenants_tenant, which its role cannot reach otherwise.
-- The functions run as the owner and know the tenant by the schema that they lie in: no caller can name another, and
-- only the tenant's role may use that schema.

-- One row; with `hold` locked against other changes until the transaction ends.
CREATE FUNCTION agency_settings(hold boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  found jsonb;
BEGIN
  IF hold THEN
    PERFORM FROM public.tenants_tenant WHERE schema_name = current_schema() FOR NO KEY UPDATE;
  END IF;
  SELECT jsonb_build_object(
      'id', id, 'name', name, 'subscription_status', subscription_status, 'max_users', max_users,
      'contact_email', contact_email, 'contact_phone', contact_phone,
      'time_zone', settings -> 'time_zone', 'deadline_alert_days', settings -> 'deadline_alert_days',
      'email', settings -> 'email', 'branding', settings -> 'branding',
      'domains', (SELECT jsonb_agg(d.domain ORDER BY d.id) FROM public.tenants_domain d WHERE d.tenant_id = t.id))
    INTO found
  FROM public.tenants_tenant t WHERE schema_name = current_schema();
  RETURN found;
END
$$;

-- Changes what is given, and writes it into the audit log. What else the row holds is the operators'.
CREATE FUNCTION change_agency_settings(changes jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
DECLARE
  own_columns constant text[] := '{contact_email,contact_phone}';
  own_settings constant text[] := '{time_zone,deadline_alert_days,email,branding}';
  past jsonb := agency_settings(true);
  present jsonb;
  same text[];
BEGIN
  IF jsonb_typeof(changes) IS DISTINCT FROM 'object' OR changes - own_columns - own_settings <> '{}'
    OR octet_length(changes::text) > 65536 THEN
    RAISE EXCEPTION 'an agency may not change this of its settings' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE public.tenants_tenant SET
    contact_email = CASE WHEN changes ? 'contact_email' THEN changes ->> 'contact_email' ELSE contact_email END,
    contact_phone = CASE WHEN changes ? 'contact_phone' THEN changes ->> 'contact_phone' ELSE contact_phone END,
    settings = CASE jsonb_typeof(settings) WHEN 'object' THEN settings ELSE '{}' END || (changes - own_columns),
    updated_at = now()
  WHERE schema_name = current_schema();
  present := agency_settings(false);
  same := ARRAY(SELECT key FROM jsonb_each(present) WHERE value = past -> key);
  IF present - same <> '{}' THEN
    INSERT INTO audit_entry (user_id, username, address, request_id, operation, entity, record_id, before, after)
    SELECT audit_user_id(), (SELECT u.username FROM immigration_user u WHERE u.id = audit_user_id()),
      audit_source(1), audit_source(2), 'change', 'agency_settings', (past ->> 'id')::bigint,
      past - same, present - same;
  END IF;
END
$$;
