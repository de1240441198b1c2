/**
 * The kinds of events of the security log, with their meaning for the documentation. Every part that has such events adds
 * its kinds here.
 */
export const SECURITY_EVENT_KINDS = {
  login: 'a log-in',
  login_failed: 'a log-in with a wrong name or password, or of a user who is not active',
  password_demanded: 'the user must set a new password at the next log-in',
  login_unlocked: 'an administrator or operator lifted a lock',
  login_locked: 'failures reached the limit of an account or an address, which is locked for a while',
  logout: 'a user ended a session of their own',
  refresh_reused: 'a refresh token that was used before',
  password_changed: 'a new password; `detail` holds how it was set',
  email_changed: "a user's e-mail address was changed",
  user_created: 'a new user',
  user_invited: 'a user was sent a link to choose the first password',
  user_disabled: 'a user may no longer log in',
  user_enabled: 'a user may log in again',
  groups_changed: "a user's groups: `detail` holds those that were added and removed",
  permissions_changed: "a user's own permissions: `detail` holds those that were added and removed",
  scope_changed: "a user's regions and branches: `detail` holds those that were added and removed",
  group_created: 'a new group, with its permissions',
  group_deleted: 'a group was removed, with its memberships',
  group_permissions_changed: "a group's permissions: `detail` holds those that were added and removed",
  sessions_ended:
    "a user's sessions were ended: by themselves (`actor`), by somebody else, or with a new password",
  requests_refused:
    'more answers 401, 403 or 429 than usual to one user or address within a minute: `count` of them',
  foreign_token: 'a valid token of another agency',
  second_factor_failed:
    'a wrong code or passkey after the right password, or a passkey alone that proved nothing',
  second_factor_added: 'a user set up a second factor; `detail` holds which',
  second_factor_removed: 'a user removed a second factor; `detail` holds which',
  second_factor_reset: 'somebody else, or an operator, removed all second factors of a user',
  recovery_code_used: 'a log-in with a recovery code in place of the second factor',
  recovery_codes_replaced: 'a user got new recovery codes; the old ones are void',
  passkey_cloned: "a passkey's counter was behind its last one, as that of a copied authenticator",
  client_exported: "everything that is kept of a client was exported; `detail` holds the client's id",
  client_erased: "everything that was kept of a client was erased; `detail` holds the client's id",
} as const satisfies Readonly<Record<string, string>>;

export type SecurityEventKind = keyof typeof SECURITY_EVENT_KINDS;

/**
 * Events that strangers can cause as often as they like: beyond a rate they are counted in one row of the log (see
 * security_record in the migrations).
 */
export const COUNTED_KINDS: ReadonlySet<SecurityEventKind> = new Set([
  'login_failed',
  'login_locked',
  'second_factor_failed',
  'refresh_reused',
  'requests_refused',
  'foreign_token',
]);
