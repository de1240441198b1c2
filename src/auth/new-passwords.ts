import type { TenantTransaction } from '../database/tenant-transaction.js';
import { invalid } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import { removeLinks } from './account-links.js';
import type { AccountMails, MailedAccount } from './account-mails.js';
import { setPassword } from './accounts.js';
import { endEverySession } from './ended-tokens.js';
import { forgetUserFailures } from './login-throttle.js';
import { forgetDemand } from './password-demand.js';
import { passwordProblems } from './password-rules.js';
import { recordSecurityEvent } from './security-log.js';
import type { Tokens } from './tokens.js';

/**
 * The way in which a password was set: by its user, by a link, as demanded at a log-in, or by somebody who may change the
 * user.
 */
export type PasswordChange = 'own' | 'link' | 'invitation' | 'demand' | 'admin';

/** Stores new passwords, with everything that follows from one. */
export class NewPasswords {
  constructor(
    private readonly tokens: Tokens,
    private readonly mails: AccountMails,
  ) {}

  /**
   * Stores the hash of a new password of a user whose row the caller has locked. Sessions, links and failed log-ins of
   * that user end, and the user is told by e-mail.
   * @returns the number of ended sessions
   */
  async store(
    transaction: TenantTransaction,
    tenant: Tenant,
    account: MailedAccount,
    hash: string,
    how: PasswordChange,
  ): Promise<number> {
    const { id, username } = account;
    transaction.send(setPassword(id, hash));
    transaction.send(removeLinks(id));
    transaction.send(forgetDemand(id));
    transaction.send(forgetUserFailures(username));
    if (how !== 'invitation') this.mails.queue(transaction, tenant, { name: 'password-changed', account });
    const ended = await endEverySession(transaction, id, this.tokens.lifetime('access'));
    recordSecurityEvent(transaction, { kind: 'password_changed', userId: id, username, detail: { how } });
    if (ended > 0 && how !== 'own') {
      recordSecurityEvent(transaction, { kind: 'sessions_ended', userId: id, username, detail: { ended } });
    }
    return ended;
  }
}

/** Checks a new password. @param field the body's field that holds it @throws HttpError 400 with all its problems */
export function checkPassword(
  field: string,
  password: string,
  owner: Parameters<typeof passwordProblems>[1],
): void {
  const problems = passwordProblems(password, owner);
  if (problems.length > 0) throw invalid({ [field]: problems });
}
