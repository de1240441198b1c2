import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountSettings } from '../config/account-settings.js';
import type { Database } from '../database/database.js';
import { isTextInAnyCase } from '../database/same-text.js';
import { type Sql, sql } from '../database/sql.js';
import type { TenantContext, TenantTransaction } from '../database/tenant-transaction.js';
import { invalidField, throttled } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import { spendLink, userOfLink } from './account-links.js';
import type { AccountMails, MailedAccount } from './account-mails.js';
import { accountById } from './accounts.js';
import { lockAccount } from './ended-tokens.js';
import { checkPassword, type NewPasswords } from './new-passwords.js';
import { hashPassword, isUsable } from './passwords.js';
import { countRequest } from './request-limit.js';

/** The name or the address for which a new password is asked. */
export type WantedAccount = { readonly username: string } | { readonly email: string };

export interface PasswordResetOptions {
  readonly settings: AccountSettings;
  readonly mails: AccountMails;
  readonly passwords: NewPasswords;
  /** Returns the address of an agency's front end. */
  readonly frontEnd: (tenant: Tenant) => string;
  /** Time before which no request is answered, in milliseconds; 250 if not given. */
  readonly answersAfterMs?: number | undefined;
}

/** Longer than finding an account and queuing an e-mail takes, so that the time does not tell whether there is one. */
const ANSWERS_AFTER_MS = 250;
/** Maximum number of users with one e-mail address who get a link; more than one have it only in old data. */
const MOST_ACCOUNTS = 3;
const BAD_LINK = 'This link is not valid, was used before or has expired. Ask for a new one.';

/** Links by e-mail with which users set a password: a forgotten one, or, after an invitation, their first. */
export class PasswordReset {
  constructor(
    private readonly database: Database,
    private readonly options: PasswordResetOptions,
  ) {}

  /**
   * Queues a link for the user with this name or address, if there is one who is active and has a password. The answer
   * and its time are the same if there is none.
   * @param context of the request, which names nobody
   * @throws HttpError 429 after too many requests from the address
   */
  async request(
    tenant: Tenant,
    context: TenantContext,
    wanted: WantedAccount,
    address: string,
  ): Promise<void> {
    const earliest = sleep(this.options.answersAfterMs ?? ANSWERS_AFTER_MS);
    const { resetsPerAddress: limit } = this.options.settings;
    const excess = await this.database.tenantTransaction(context, async (transaction) => {
      const counted = transaction.query(countRequest(address));
      const [[count], accounts] = await Promise.all([counted, transaction.query(accountsFor(wanted))]);
      if (limit > 0 && count && count.requests > limit) return count.wait;
      for (const account of accounts) {
        if (isUsable(account.password)) this.#queueLink(transaction, tenant, account);
      }
      return null;
    });
    await earliest;
    if (excess !== null) throw throttled(excess);
  }

  #queueLink(transaction: TenantTransaction, tenant: Tenant, account: MailedAccount): void {
    const { mails, settings, frontEnd } = this.options;
    const address = `${frontEnd(tenant)}/reset-password#token=`;
    const link = { purpose: 'reset', lifetime: settings.resetLifetime, address } as const;
    mails.queue(transaction, tenant, { name: 'password-reset', account, link });
  }

  /**
   * Sets the password of a link's user, and ends all of that user's sessions. Of two who use one link at once, one
   * succeeds. A link stays good if the password is rejected.
   * @param context of the request, which names nobody
   * @throws HttpError 400
   */
  async confirm(
    tenant: Tenant,
    context: TenantContext,
    { token, password }: { readonly token: string; readonly password: string },
    address: string,
  ): Promise<void> {
    const owner = await this.database.tenantTransaction(context, async (transaction) => {
      const userId = await userOfLink(transaction, token);
      if (userId === null) throw invalidField('token', BAD_LINK);
      return transaction.send(accountById(userId));
    });
    const [account] = owner;
    if (!account) throw invalidField('token', BAD_LINK);
    checkPassword('password', password, account);
    const hash = await hashPassword(password, { tenant: tenant.schema, address });
    await this.database.tenantTransaction(context, async (transaction) => {
      transaction.send(lockAccount(account.id, 'NO KEY UPDATE'));
      const link = await spendLink(transaction, token);
      if (!link) throw invalidField('token', BAD_LINK);
      const how = link.purpose === 'reset' ? 'link' : 'invitation';
      await this.options.passwords.store(transaction, tenant, account, hash, how);
    });
  }
}

type ResetAccount = MailedAccount & { readonly password: string };

/** Returns the query for the active users with a name, or an e-mail address in any case. */
function accountsFor(wanted: WantedAccount): Sql<ResetAccount> {
  const condition =
    'email' in wanted
      ? isTextInAnyCase('u.email', wanted.email)
      : sql`u.username IN (${wanted.username}, ${wanted.username.normalize('NFKC')})`;
  return sql<ResetAccount>`
    SELECT u.id, u.username, u.email, u.first_name AS "firstName", u.password FROM immigration_user u
    WHERE ${condition} AND u.is_active ORDER BY u.id LIMIT ${sql.lit(MOST_ACCOUNTS)}`;
}
