-- Tells the running programs that what they keep in memory of users, groups and scopes of this tenant is out of
-- date. One notice per transaction: PostgreSQL drops equal ones.

CREATE FUNCTION notify_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('leopard_access', TG_TABLE_SCHEMA);
  RETURN NULL;
END
$$;

CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON immigration_user
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON immigration_user_groups
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON immigration_user_branches
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON immigration_user_regions
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON immigration_user_user_permissions
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON auth_group
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON auth_group_permissions
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();

-- Of a branch only its region and whether it is there matter for anybody's scope.
CREATE TRIGGER notify_access AFTER INSERT OR DELETE OR TRUNCATE ON immigration_branch
  FOR EACH STATEMENT EXECUTE FUNCTION notify_access_change();
CREATE TRIGGER notify_access_on_move AFTER UPDATE ON immigration_branch
  FOR EACH ROW
  WHEN (OLD.region_id IS DISTINCT FROM NEW.region_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
  EXECUTE FUNCTION notify_access_change();
