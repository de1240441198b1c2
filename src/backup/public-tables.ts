/**
 * What becomes of each table of schema `public` in a backup:
 * - `rows`: its rows are in the section of `public`;
 * - `tenants`: the rows of a tenant are in that tenant's section;
 * - `rebuilt`: nothing is, since the program makes its rows from others, or they are worth nothing after a restore.
 */
export const PUBLIC_TABLES: Readonly<Record<string, 'rows' | 'tenants' | 'rebuilt'>> = {
  django_content_type: 'rows',
  auth_permission: 'rows',
  auth_group: 'rows',
  auth_group_permissions: 'rows',
  auth_user: 'rows',
  auth_user_groups: 'rows',
  auth_user_user_permissions: 'rows',
  immigration_event_processing_control: 'rows',
  log_retention: 'rows',
  event_pause: 'rows',
  tenant_deletion: 'rows',
  operator_role: 'rows',
  operator_factor: 'rows',
  operator_recovery_code: 'rows',
  operator_audit: 'rows',
  tenants_tenant: 'tenants',
  tenants_domain: 'tenants',
  migration_ledger: 'rebuilt',
  tenant_incarnation: 'rebuilt',
  event_capture: 'rebuilt',
  event_queue: 'rebuilt',
  event_segment: 'rebuilt',
  event_sleeper: 'rebuilt',
  delivery_queue: 'rebuilt',
  delivery_segment: 'rebuilt',
  client_import_queue: 'rebuilt',
  job_run: 'rebuilt',
  job_tenant: 'rebuilt',
  job_change: 'rebuilt',
  login_address: 'rebuilt',
  tenant_operation: 'rebuilt',
  migration_failure: 'rebuilt',
  write_position: 'rebuilt',
  // Sessions end with a restore.
  operator_session: 'rebuilt',
  operator_spent_challenge: 'rebuilt',
  operator_login_window: 'rebuilt',
};

/** Conditions for the rows of a table that are no tenant's. */
export const NO_TENANTS_ROWS: Readonly<Record<string, string>> = { event_pause: 'schema_name IS NULL' };
