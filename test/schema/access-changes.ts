/** A change by a superuser, what takes it back, and the one line of doctor about it. */
interface Change {
  readonly change: string;
  readonly undo: string;
  readonly line: string | RegExp;
  /** What names it in a line with others. */
  readonly mark: string;
  /** True if the program refuses to start. */
  readonly voids?: true;
  /** True if `leopard migrate` takes it back. */
  readonly migrates?: true;
}

/** Changes of roles, rights and settings. */
export const CHANGES: readonly Change[] = [
  {
    change: 'GRANT tenant_one TO leopard_platform',
    mark: 'which operators may not have',
    undo: 'REVOKE tenant_one FROM leopard_platform',
    line: 'roles: leopard_platform has the rights of tenant_one, which operators may not have; as a superuser run: REVOKE tenant_one FROM leopard_platform',
    voids: true,
  },
  {
    change: 'ALTER ROLE leopard_platform LOGIN',
    mark: 'leopard_platform has LOGIN',
    undo: 'ALTER ROLE leopard_platform NOLOGIN',
    line: /^roles: leopard_platform has LOGIN, which the operators’ role must not have; .*: ALTER ROLE leopard_platform NOLOGIN$/,
    voids: true,
  },
  {
    change: 'GRANT DELETE ON public.tenants_domain TO leopard_platform',
    mark: 'DELETE on table public.tenants_domain',
    undo: 'REVOKE DELETE ON public.tenants_domain FROM leopard_platform',
    line: /^rights: leopard_platform has DELETE on table public.tenants_domain, .*: REVOKE DELETE ON TABLE public.tenants_domain FROM leopard_platform$/,
  },
  {
    change: 'GRANT leopard_owner TO leopard_app',
    mark: 'member of leopard_owner',
    undo: 'REVOKE leopard_owner FROM leopard_app',
    line: 'roles: leopard_app is a member of leopard_owner, and so has rights beyond the program’s; as a superuser run: REVOKE leopard_owner FROM leopard_app',
    voids: true,
  },
  {
    change: 'ALTER ROLE tenant_one SUPERUSER',
    mark: 'SUPERUSER',
    undo: 'ALTER ROLE tenant_one NOSUPERUSER',
    line: 'roles: tenant_one has SUPERUSER, which a tenant’s role must not have; as a superuser run: ALTER ROLE tenant_one NOSUPERUSER',
    voids: true,
  },
  {
    change: 'ALTER ROLE tenant_one BYPASSRLS',
    mark: 'BYPASSRLS',
    undo: 'ALTER ROLE tenant_one NOBYPASSRLS',
    line: /^roles: tenant_one has BYPASSRLS, .*: ALTER ROLE tenant_one NOBYPASSRLS$/,
    voids: true,
  },
  {
    change: 'ALTER ROLE tenant_one LOGIN',
    mark: 'LOGIN',
    undo: 'ALTER ROLE tenant_one NOLOGIN',
    line: /^roles: tenant_one has LOGIN, .*: ALTER ROLE tenant_one NOLOGIN$/,
    voids: true,
  },
  {
    change: 'GRANT pg_execute_server_program TO leopard_app',
    mark: 'pg_execute_server_program',
    undo: 'REVOKE pg_execute_server_program FROM leopard_app',
    line: /^roles: leopard_app is a member of pg_execute_server_program, .*: REVOKE pg_execute_server_program FROM leopard_app$/,
    voids: true,
  },
  {
    change: 'GRANT pg_read_all_data TO leopard_app',
    mark: 'pg_read_all_data',
    undo: 'REVOKE pg_read_all_data FROM leopard_app',
    line: /^roles: leopard_app is a member of pg_read_all_data, .*: REVOKE pg_read_all_data FROM leopard_app$/,
    voids: true,
  },
  {
    change: 'ALTER ROLE leopard_app REPLICATION',
    mark: 'REPLICATION',
    undo: 'ALTER ROLE leopard_app NOREPLICATION',
    line: /^roles: leopard_app has REPLICATION, .*: ALTER ROLE leopard_app NOREPLICATION$/,
    voids: true,
  },
  {
    change: 'GRANT TEMPORARY ON DATABASE leopard TO PUBLIC',
    mark: 'TEMPORARY on database leopard',
    undo: 'REVOKE TEMPORARY ON DATABASE leopard FROM PUBLIC',
    line: 'rights: everybody has TEMPORARY on database leopard; as a superuser run: REVOKE TEMPORARY ON DATABASE leopard FROM PUBLIC',
  },
  {
    change: 'GRANT UPDATE ON public.auth_user TO leopard_app',
    mark: 'public.auth_user',
    undo: 'REVOKE UPDATE ON public.auth_user FROM leopard_app',
    line: 'rights: leopard_app has UPDATE on table public.auth_user, which the program does not need; as a superuser run: REVOKE UPDATE ON TABLE public.auth_user FROM leopard_app',
  },
  {
    change: 'GRANT INSERT, UPDATE (name), DELETE ON public.auth_group TO leopard_app',
    mark: 'INSERT, DELETE, UPDATE (name)',
    undo: 'REVOKE INSERT, UPDATE (name), DELETE ON public.auth_group FROM leopard_app',
    line: 'rights: leopard_app has INSERT, DELETE, UPDATE (name) on table public.auth_group, which the program does not need; as a superuser run: REVOKE INSERT, DELETE, UPDATE (name) ON TABLE public.auth_group FROM leopard_app',
  },
  // The right itself stays: the program needs it.
  {
    change: 'GRANT USAGE ON SCHEMA public TO leopard_app WITH GRANT OPTION',
    mark: 'USAGE WITH GRANT OPTION',
    undo: 'REVOKE GRANT OPTION FOR USAGE ON SCHEMA public FROM leopard_app',
    line: 'rights: leopard_app has USAGE WITH GRANT OPTION on schema public, which the program does not need; as a superuser run: REVOKE GRANT OPTION FOR USAGE ON SCHEMA public FROM leopard_app',
  },
  {
    change: 'GRANT INSERT ON tenant_one.audit_entry TO tenant_one',
    mark: 'right audit_entry',
    undo: 'REVOKE INSERT ON tenant_one.audit_entry FROM tenant_one',
    line: /^tables: tenant_one: right audit_entry is changed \(its role: INSERT, SELECT\); leopard migrate/,
    migrates: true,
  },
  {
    change: 'ALTER TABLE tenant_one.immigration_client DISABLE TRIGGER audit_update',
    mark: 'immigration_client.audit_update',
    undo: 'ALTER TABLE tenant_one.immigration_client ENABLE TRIGGER audit_update',
    line: /^tables: tenant_one: trigger immigration_client\.audit_update is disabled; leopard migrate/,
    migrates: true,
  },
  {
    change: 'GRANT SET ON PARAMETER session_replication_role TO leopard_app',
    mark: 'SET session_replication_role',
    undo: 'REVOKE SET ON PARAMETER session_replication_role FROM leopard_app',
    line: 'role settings: leopard_app may SET session_replication_role, which only a superuser may; as a superuser run: REVOKE SET ON PARAMETER session_replication_role FROM leopard_app',
    voids: true,
  },
  {
    change: 'GRANT CREATE ON SCHEMA public TO PUBLIC',
    mark: 'CREATE on schema public',
    undo: 'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    line: 'rights: everybody has CREATE on schema public; as a superuser run: REVOKE CREATE ON SCHEMA public FROM PUBLIC',
  },
  {
    change: 'GRANT tenant_one TO tenant_two',
    mark: 'tenant_two has the rights of tenant_one',
    undo: 'REVOKE tenant_one FROM tenant_two',
    line: 'roles: tenant_two has the rights of tenant_one, which no tenant may have; as a superuser run: REVOKE tenant_one FROM tenant_two',
    voids: true,
  },
  {
    change: 'GRANT ALL ON SCHEMA tenant_one TO tenant_two',
    mark: 'tenant_two has the rights of tenant_one',
    undo: 'REVOKE ALL ON SCHEMA tenant_one FROM tenant_two',
    line: 'roles: tenant_two has the rights of tenant_one, which no tenant may have; as a superuser run: REVOKE ALL ON SCHEMA tenant_one FROM tenant_two',
    voids: true,
  },
  {
    change: 'GRANT tenant_one TO leopard_app WITH INHERIT TRUE',
    mark: 'leopard_app has the rights of tenant_one outside',
    undo: 'REVOKE tenant_one FROM leopard_app',
    line: /^roles: leopard_app has the rights of tenant_one outside the tenant transaction; .*: REVOKE INHERIT OPTION FOR tenant_one FROM leopard_app$/,
    voids: true,
  },
  {
    change: 'GRANT tenant_two TO leopard_app WITH ADMIN TRUE, INHERIT FALSE',
    mark: 'leopard_app may give tenant_two away',
    undo: 'REVOKE tenant_two FROM leopard_app',
    line: /^roles: leopard_app may give tenant_two away; .*: REVOKE ADMIN OPTION FOR tenant_two FROM leopard_app$/,
    voids: true,
  },
  {
    change: 'GRANT USAGE ON SCHEMA tenant_two TO PUBLIC',
    mark: 'PUBLIC reaches tenant_two',
    undo: 'REVOKE USAGE ON SCHEMA tenant_two FROM PUBLIC',
    line: /^roles: PUBLIC reaches tenant_two outside the tenant transaction; .*: REVOKE ALL ON SCHEMA tenant_two FROM PUBLIC$/,
    voids: true,
  },
  {
    change:
      'CREATE ROLE reporting LOGIN; GRANT CONNECT ON DATABASE leopard TO reporting; GRANT tenant_one TO reporting',
    mark: 'reporting is a member of tenant_one',
    undo: 'DROP OWNED BY reporting; DROP ROLE reporting',
    line: /^roles: reporting is a member of tenant_one and may act as it; .*: REVOKE tenant_one FROM reporting$/,
  },
  {
    change: 'ALTER ROLE leopard_app CREATEDB CREATEROLE',
    mark: 'CREATEROLE and CREATEDB',
    undo: 'ALTER ROLE leopard_app NOCREATEDB NOCREATEROLE',
    line: /^roles: leopard_app has CREATEROLE and CREATEDB, .*: ALTER ROLE leopard_app NOCREATEROLE NOCREATEDB$/,
  },
  {
    change: 'CREATE TABLE public.own (); ALTER TABLE public.own OWNER TO leopard_app',
    mark: 'leopard_app owns 1 objects',
    undo: 'DROP TABLE public.own',
    line: 'roles: leopard_app owns 1 objects (table public.own) and must own none; as a superuser run: REASSIGN OWNED BY leopard_app TO leopard_owner',
    voids: true,
  },
  {
    change: 'ALTER ROLE leopard_app SET search_path TO tenant_one',
    mark: 'search_path is set for leopard_app',
    undo: 'ALTER ROLE leopard_app RESET search_path',
    line: /^role settings: search_path is set for leopard_app, .*: ALTER ROLE leopard_app RESET search_path$/,
  },
  {
    change: 'ALTER DATABASE leopard SET row_security TO off',
    mark: 'row_security is set',
    undo: 'ALTER DATABASE leopard RESET row_security',
    line: /^role settings: row_security is set for all roles in database leopard, .*: ALTER ROLE ALL IN DATABASE leopard RESET row_security$/,
  },
  {
    change: 'ALTER ROLE leopard_owner IN DATABASE leopard SET session_replication_role TO replica',
    mark: 'session_replication_role is set for leopard_owner',
    undo: 'ALTER ROLE leopard_owner IN DATABASE leopard RESET session_replication_role',
    line: /^role settings: session_replication_role is set for leopard_owner in database leopard, /,
  },
  {
    change: 'ALTER DEFAULT PRIVILEGES FOR ROLE leopard_owner GRANT SELECT ON TABLES TO PUBLIC',
    mark: 'PUBLIC gets rights on later tables',
    undo: 'ALTER DEFAULT PRIVILEGES FOR ROLE leopard_owner REVOKE SELECT ON TABLES FROM PUBLIC',
    line: /^rights: PUBLIC gets rights on later tables of leopard_owner; .*: ALTER DEFAULT PRIVILEGES FOR ROLE leopard_owner REVOKE ALL ON TABLES FROM PUBLIC$/,
  },
  {
    change: 'GRANT SELECT ON pg_catalog.pg_authid TO leopard_app',
    mark: 'SELECT on table pg_catalog.pg_authid',
    undo: 'REVOKE SELECT ON pg_catalog.pg_authid FROM leopard_app',
    line: /^rights: leopard_app has SELECT on table pg_catalog\.pg_authid, /,
  },
  {
    change: 'GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC',
    mark: 'function pg_read_file(text)',
    undo: 'REVOKE EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) FROM PUBLIC',
    line: /^rights: everybody has EXECUTE on function pg_read_file\(text\); /,
  },
  {
    change: 'GRANT SELECT ON tenant_two.immigration_client TO tenant_one',
    mark: 'tenant_one has rights on table tenant_two.immigration_client',
    undo: 'REVOKE SELECT ON tenant_two.immigration_client FROM tenant_one',
    line: /^rights: tenant_one has rights on table tenant_two\.immigration_client, outside of its schema; .*: REVOKE ALL ON TABLE tenant_two\.immigration_client FROM tenant_one$/,
  },
  {
    change:
      "CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO PUBLIC; CREATE FUNCTION tools.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
    mark: 'tools.peek()',
    undo: 'DROP SCHEMA tools CASCADE',
    line: /^rights: function tools\.peek\(\) runs with the rights of postgres, .*: REVOKE EXECUTE ON FUNCTION tools\.peek\(\) FROM PUBLIC$/,
  },
  {
    change: `CREATE FUNCTION tenant_two.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
      CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION tenant_two.watch()`,
    mark: 'event trigger watching',
    undo: 'DROP EVENT TRIGGER IF EXISTS watching; DROP FUNCTION tenant_two.watch()',
    line: /^rights: event trigger watching runs tenant_two\.watch\(\) .*: DROP EVENT TRIGGER watching$/,
  },
  {
    change: 'GRANT CONNECT ON DATABASE postgres TO PUBLIC',
    mark: 'may enter postgres',
    undo: 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC',
    line: /^rights: leopard_app may enter postgres, as everybody may; /,
  },
  // As where a provider's role lets users log in by other means: only a warning.
  {
    change: 'CREATE ROLE cloud_log_in NOLOGIN; GRANT cloud_log_in TO leopard_app',
    mark: 'member of cloud_log_in',
    undo: 'DROP ROLE cloud_log_in',
    line: 'roles: leopard_app is a member of cloud_log_in, which the program does not need; as a superuser run: REVOKE cloud_log_in FROM leopard_app',
  },
];

/** Changes of tables and their code, as a superuser, and what a line of doctor says about each. */
export const IN_TABLES = [
  [
    'ALTER TABLE tenant_one.immigration_note ENABLE ROW LEVEL SECURITY',
    'table immigration_note is changed (a table ROW SECURITY: ALTER TABLE',
  ],
  [
    'CREATE RULE no_log AS ON INSERT TO tenant_one.audit_entry DO INSTEAD NOTHING',
    'rule audit_entry.no_log is not the program’s',
  ],
  [
    'CREATE VIEW tenant_one.peek AS SELECT * FROM tenant_two.immigration_client',
    'view peek is not the program’s',
  ],
  ['ALTER TABLE tenant_one.immigration_passport DISABLE TRIGGER ALL', 'constraint immigration_passport.'],
  [
    'ALTER TABLE tenant_two.immigration_task DISABLE TRIGGER capture_update',
    'trigger immigration_task.capture_update is disabled',
  ],
  ['ALTER FUNCTION tenant_two.audit_change() RESET search_path', 'function audit_change() is changed'],
  [
    'ALTER FUNCTION tenant_two.audit_forget(integer, bigint) OWNER TO postgres',
    'function audit_forget(days integer, at_most bigint) belongs to postgres',
  ],
  [
    'CREATE TRIGGER drops BEFORE INSERT ON tenant_two.audit_entry FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'trigger audit_entry.drops is not the program’s',
  ],
  [
    'GRANT SELECT (email) ON tenant_two.immigration_client TO PUBLIC',
    'right immigration_client is changed (everybody: SELECT (email); its role: ',
  ],
  [
    'GRANT USAGE ON SEQUENCE tenant_two.immigration_client_id_seq TO PUBLIC',
    'right immigration_client_id_seq is not the program’s',
  ],
  [
    'GRANT SELECT ON public.auth_user TO tenant_one',
    'right auth_user is changed (leopard_platform: SELECT, UPDATE (is_active), UPDATE (last_login), UPDATE (password); tenant_one: SELECT)',
  ],
  ['ALTER FUNCTION public.queue_delivery() SECURITY INVOKER', 'function queue_delivery() is changed'],
  ['DROP TRIGGER forget_events ON public.tenants_tenant', 'trigger tenants_tenant.forget_events is missing'],
  [
    'ALTER TABLE public.tenants_domain DROP CONSTRAINT tenants_domain_domain_key',
    'constraint tenants_domain.tenants_domain_domain_key is missing',
  ],
  [
    "CREATE FUNCTION public.peek() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT ''$$",
    'function peek() is not the program’s',
  ],
  ['ALTER TABLE public.auth_user ALTER COLUMN password TYPE text', 'column auth_user.password is changed'],
] as const;
