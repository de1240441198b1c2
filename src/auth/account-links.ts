import { createHash, createHmac, hkdfSync, randomUUID } from 'node:crypto';
import { type Sql, sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

/** The use of a link: to set a forgotten password, or the first one of an invited user. */
type LinkPurpose = 'reset' | 'invite';

/** A link to be made. */
export interface NewLink {
  readonly purpose: LinkPurpose;
  /** In seconds. */
  readonly lifetime: number;
}

/** A link that was used. */
export interface UsedLink {
  readonly userId: number;
  readonly purpose: LinkPurpose;
}

const KEY_PURPOSE = 'leopard account links';
const FORM = /^[\w-]{43}$/;

/** SQL for what a link remembers of the password of a user `u`. */
const PASSWORD_HASH = sql`sha256(convert_to(u.password, 'UTF8'))`;
/** The condition that a link `l` of a user `u` is good. */
const IS_GOOD = sql<boolean>`(
  l.expires_at > now() AND u.is_active AND l.email = u.email AND l.password_hash = ${PASSWORD_HASH})`;

/**
 * Links in e-mails, with which a user sets a password. A token is derived from the program's key and a random number, so
 * the sender of the e-mail can derive it again while the database holds nothing that reveals it.
 */
export class AccountLinks {
  readonly #keys: readonly Buffer[];

  /** @param secretKeys the program's keys; new links are made with the first one */
  constructor(secretKeys: readonly string[]) {
    this.#keys = secretKeys.map((key) => Buffer.from(hkdfSync('sha256', key, '', KEY_PURPOSE, 32)));
  }

  /**
   * Returns the INSERT of a link, bound to the user's present password and e-mail address; its row is the link's id.
   * @param allowed a table, or WITH query, that holds the user's id, or no row where no link is to be made
   */
  insert(schema: string, { purpose, lifetime }: NewLink, allowed: Sql): Sql<{ id: number }> {
    const nonce = randomUUID();
    const hash = hashOf(tokenOf(this.#keys[0] as Buffer, schema, nonce));
    return sql<{ id: number }>`
      INSERT INTO account_link (user_id, purpose, nonce, token_hash, email, password_hash, expires_at)
      SELECT u.id, ${purpose}, ${nonce}::uuid, ${hash}::bytea, u.email, ${PASSWORD_HASH},
             now() + make_interval(secs => ${lifetime})
      FROM immigration_user u JOIN ${allowed} allowed ON allowed.id = u.id RETURNING id`;
  }

  /**
   * Derives the token of a stored link.
   * @returns null when it was made with a key that the program no longer has
   */
  tokenOf(schema: string, nonce: string, hash: Buffer): string | null {
    const tokens = this.#keys.map((key) => tokenOf(key, schema, nonce));
    return tokens.find((token) => hashOf(token).equals(hash)) ?? null;
  }
}

function tokenOf(key: Buffer, schema: string, nonce: string): string {
  return createHmac('sha256', key).update(`${schema} ${nonce}`).digest('base64url');
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Finds the user of a good link, without using it. @returns null for a token of no good link of this tenant */
export async function userOfLink(transaction: TenantTransaction, token: string): Promise<number | null> {
  if (!FORM.test(token)) return null;
  const [found] = await transaction.query(sql<{ id: number }>`
    SELECT u.id FROM account_link l JOIN immigration_user u ON u.id = l.user_id
    WHERE l.token_hash = ${hashOf(token)}::bytea AND ${IS_GOOD}`);
  return found?.id ?? null;
}

/** Uses up a link of a user whose row the caller has locked. @returns null when it is no longer good */
export async function spendLink(transaction: TenantTransaction, token: string): Promise<UsedLink | null> {
  const [used] = await transaction.query(sql<UsedLink>`
    DELETE FROM account_link l USING immigration_user u
    WHERE l.token_hash = ${hashOf(token)}::bytea AND u.id = l.user_id AND ${IS_GOOD}
    RETURNING l.user_id AS "userId", l.purpose`);
  return used ?? null;
}

/** Returns the statement that removes all of a user's links, which a new password makes void anyway. */
export function removeLinks(userId: number): Sql {
  return sql`DELETE FROM account_link WHERE user_id = ${userId}`;
}
