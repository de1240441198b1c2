import { type NewLink, removeLinks } from '../../auth/account-links.js';
import type { AccountMails, MailedAccount } from '../../auth/account-mails.js';
import type { CurrentUser } from '../../auth/current-user.js';
import { isUsable } from '../../auth/passwords.js';
import { recordSecurityEvent } from '../../auth/security-log.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, type HttpError, invalidField } from '../../http/errors.js';
import type { Tenant } from '../../tenancy/tenants.js';
import { lockUser } from './access.js';
import { userPolicy } from './policy.js';

/** The platform's part in invitations. */
export interface InvitationOptions {
  readonly mails: AccountMails;
  /** Seconds for which an invitation is good. */
  readonly lifetime: number;
  /** Whether e-mails are sent at all. */
  readonly canSend: boolean;
  /** Returns the address of an agency's front end. */
  readonly frontEnd: (tenant: Tenant) => string;
}

const NO_EMAIL = 'E-mail is switched off (EMAIL_TRANSPORT), so nobody can be invited.';

/** Invites users to choose their first password, with a link by e-mail. Until they do, they cannot log in. */
export class Invitations {
  constructor(private readonly options: InvitationOptions) {}

  /** Checks that a new user can be invited. @throws HttpError 400 */
  check(password: string | undefined): void {
    if (password !== undefined) {
      throw invalidField('password', 'Users who are invited choose their password themselves.');
    }
    if (!this.options.canSend) throw invalidField('invite', NO_EMAIL);
  }

  /** Queues the e-mail for a user who has no password. An earlier link of the user is no longer good. */
  send(transaction: TenantTransaction, tenant: Tenant, account: MailedAccount): void {
    const { mails, lifetime, frontEnd } = this.options;
    const address = `${frontEnd(tenant)}/accept-invitation#token=`;
    const link: NewLink & { address: string } = { purpose: 'invite', lifetime, address };
    transaction.send(removeLinks(account.id));
    mails.queue(transaction, tenant, { name: 'invitation', account, link });
    const { id: userId, username } = account;
    recordSecurityEvent(transaction, { kind: 'user_invited', userId, username });
  }

  /**
   * Invites a user again.
   * @throws HttpError 404, 403; 400 for one who has a password, or is disabled
   */
  async sendAgain(
    transaction: TenantTransaction,
    user: CurrentUser,
    id: number,
    tenant: Tenant,
  ): Promise<void> {
    const { target } = await lockUser(transaction, user, id, userPolicy.change);
    const [stored] = await transaction.query(sql<{ password: string }>`
      SELECT password FROM immigration_user WHERE id = ${id}`);
    const refusal = this.#refusal(target.isActive, stored?.password ?? '');
    if (refusal) throw refusal;
    this.send(transaction, tenant, target);
  }

  #refusal(isActive: boolean, password: string): HttpError | null {
    if (isUsable(password)) return detailError(400, 'This user has a password already.');
    if (!isActive) return detailError(400, 'This user is disabled.');
    return this.options.canSend ? null : detailError(400, NO_EMAIL);
  }
}
