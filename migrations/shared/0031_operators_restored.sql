-- additive: operator_role.operator_role_role_check: the same rule, in other words
-- additive: operator_login_window.operator_login_window_kind_check: the same rule, in other words
-- additive: operator_audit.operator_audit_outcome_check: the same rule, in other words
-- locks: operator_role: some dozen rows
-- locks: operator_login_window: a few rows, of the last minutes
-- locks: operator_audit: it is new, and nobody waits for it
-- Checks that read the same after pg_dump and pg_restore, where lists of varchar do not. Sessions are in no backup, and so
-- refer to no operator: a table that others refer to cannot be emptied for a restore.

ALTER TABLE public.operator_role DROP CONSTRAINT operator_role_role_check;
ALTER TABLE public.operator_role ADD CONSTRAINT operator_role_role_check
  CHECK (role::text IN ('reader', 'support', 'operator', 'owner'));
ALTER TABLE public.operator_login_window DROP CONSTRAINT operator_login_window_kind_check;
ALTER TABLE public.operator_login_window ADD CONSTRAINT operator_login_window_kind_check
  CHECK (kind::text IN ('account', 'address'));
ALTER TABLE public.operator_audit DROP CONSTRAINT operator_audit_outcome_check;
ALTER TABLE public.operator_audit ADD CONSTRAINT operator_audit_outcome_check
  CHECK (outcome::text IN ('done', 'refused', 'failed'));
ALTER TABLE public.operator_session DROP CONSTRAINT operator_session_operator_id_fkey;
CREATE INDEX operator_audit_at_idx ON public.operator_audit (at);
