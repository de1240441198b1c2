import type { AccountSettings } from '../config/account-settings.js';
import { type Sql, sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { AccountLinks, NewLink } from './account-links.js';
import { type AccountMailName, mailDuration, mailText, mailTime } from './account-mail-texts.js';

/** The user that an e-mail is about. */
export interface MailedAccount {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
}

/** An e-mail to be queued. */
export interface AccountMail {
  readonly name: AccountMailName;
  readonly account: MailedAccount;
  /** The recipient, where it is not the account's present address. */
  readonly to?: string;
  /** The texts for what a template has in braces, beside the agency, the user, the time and the link. */
  readonly values?: Readonly<Record<string, string>>;
  /** The link that it holds. `address` is where that leads, up to the token. */
  readonly link?: NewLink & { readonly address: string };
  /** A condition for sending it, decided in the database. */
  readonly condition?: Sql<boolean>;
}

const ADDRESS = /^[^@\s]+@[^@\s]+$/;
const RESET: AccountMailName = 'password-reset';
/** The share of a user's e-mails per hour that strangers can cause: links for a forgotten password. */
const SHARE_OF_RESETS = 4;

/**
 * E-mails to users about their own accounts, queued in the transaction of their cause and sent like all e-mails
 * (docs/deliveries.md), whether or not the agency's notifications go out by e-mail.
 */
export class AccountMails {
  constructor(
    private readonly settings: Pick<AccountSettings, 'mailsPerHour'>,
    private readonly links: AccountLinks,
  ) {}

  /**
   * Queues an e-mail. A user gets a limited number per hour, of which a quarter may be links for forgotten passwords:
   * beyond that, or without an address, nothing is queued. Its statements go out with the transaction's next ones.
   */
  queue(transaction: TenantTransaction, tenant: Tenant, mail: AccountMail): void {
    const { name, account, to = account.email, values, link, condition = sql`true` } = mail;
    if (!ADDRESS.test(to)) return;
    const { id, username, firstName } = account;
    const given = {
      agency: tenant.name,
      name: firstName || username,
      username,
      time: mailTime(tenant.timeZone),
      ...(link && { hours: mailDuration(link.lifetime) }),
      ...values,
    };
    const { subject, text } = mailText(name, given, link?.address);
    const allowed = sql`
      allowed AS MATERIALIZED (
        SELECT ${id}::bigint AS id WHERE ${this.#hasRoom(id, name)} AND ${condition})`;
    const made = link && this.links.insert(tenant.schema, link, sql`allowed`);
    // Of concurrent requests the second counts the first one's e-mail. What a log-in may cause needs no such exactness.
    if (name !== 'new-device')
      transaction.send(sql`
      SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' account mail'), (${id}::bigint % 2147483647)::integer)`);
    transaction.send(sql`
      WITH ${allowed}${made ? sql`, link AS (${made})` : sql``}
      INSERT INTO delivery (kind, recipient, destination, event_type, subject, body, account_id, link_id)
      SELECT 'email', ${to}, 'mail', ${typeOf(name)}, ${subject}, ${text}, allowed.id,
             ${made ? sql`(SELECT link.id FROM link)` : sql`NULL`}
      FROM allowed`);
  }

  #hasRoom(userId: number, name: AccountMailName): Sql<boolean> {
    const { mailsPerHour } = this.settings;
    if (mailsPerHour === 0) return sql`true`;
    const sent = (condition: Sql) => sql`(
      SELECT count(*) FROM delivery d
      WHERE d.account_id = ${userId} AND d.created_at > now() - interval '1 hour' AND ${condition})`;
    // Requests for a password, which anybody can make, never keep other e-mails from being sent.
    if (name === RESET) {
      return sql`${sent(sql`d.event_type = ${typeOf(RESET)}`)} < ${Math.ceil(mailsPerHour / SHARE_OF_RESETS)}`;
    }
    return sql`${sent(sql`d.event_type <> ${typeOf(RESET)}`)} < ${mailsPerHour}`;
  }
}

/** Returns an e-mail's type among deliveries: `Account.password-reset`. */
function typeOf(name: AccountMailName): string {
  return `Account.${name}`;
}
