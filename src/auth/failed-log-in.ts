import type { Database } from '../database/database.js';
import type { TenantContext, TenantTransaction } from '../database/tenant-transaction.js';
import type { ClientDevice } from './client-device.js';
import type { LoginThrottle, Standing } from './login-throttle.js';
import { recordSecurityEvent } from './security-log.js';

/** A log-in, or another check of a password or second factor, that has failed. */
interface FailedLogIn {
  /** As it was tried. */
  readonly username: string;
  /** The user with that name; null where there is none. */
  readonly userId: number | null;
  readonly client: ClientDevice;
  /** The purpose for which the password was asked, other than a log-in. */
  readonly during?: string;
  /** The kind of the event, `login_failed` by default. */
  readonly kind?: 'login_failed' | 'second_factor_failed';
}

/**
 * Counts a failed log-in and records it in the security log, with the locks that it causes, in one transaction: a
 * failure that cannot be recorded is answered 503.
 * @throws HttpError 429 when it exceeds a limit
 */
export async function countFailedLogIn(
  database: Database,
  throttle: LoginThrottle,
  context: TenantContext,
  failed: FailedLogIn,
): Promise<void> {
  const reached = await database.tenantTransaction(context, (transaction) =>
    addFailedLogIn(transaction, throttle, failed),
  );
  throttle.checkFailure(reached);
}

/**
 * Counts and records it in a transaction that commits; its caller then checks the limits.
 * @returns the failures, for `throttle.checkFailure`
 */
export async function addFailedLogIn(
  transaction: TenantTransaction,
  throttle: LoginThrottle,
  { username, userId, client, during, kind = 'login_failed' }: FailedLogIn,
): Promise<Standing[]> {
  const rows = await transaction.query(throttle.failure(username, client));
  const about = { username, userId, from: client };
  recordSecurityEvent(transaction, { kind, ...about, ...(during && { detail: { during } }) });
  for (const locked of throttle.locksOf(rows)) {
    recordSecurityEvent(transaction, { kind: 'login_locked', ...about, detail: { locked } });
  }
  return rows;
}
