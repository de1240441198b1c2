import { createHash } from 'node:crypto';
import type { AccountSettings } from '../config/account-settings.js';
import { type Sql, sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { addressKey } from '../http/address-key.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { AccountMails, MailedAccount } from './account-mails.js';
import { type ClientDevice, deviceName } from './client-device.js';

type Settings = Pick<AccountSettings, 'knownDeviceDays' | 'newDeviceNotices'>;

/** Maximum number of tokens, and of places, that are remembered of a user: those seen last. */
const MOST_REMEMBERED = 50;
/** Time after which a device that is used again is dated anew. */
const DATED_EVERY = sql`interval '1 hour'`;

/** Returns the hash of the token that a client has sent; null without one. */
function tokenHash({ token }: ClientDevice): Buffer | null {
  return token === undefined ? null : digest(`token ${token}`);
}

/** Returns the hash of the place of a client: its network, browser and system. */
function placeHash({ address, agent }: ClientDevice): Buffer {
  return digest(`place ${addressKey(address)} ${deviceName(agent)}`);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Returns the query for how the user with a name knows a client: by the token that it sends, or else by its place; no row
 * if in neither way. `key` is that under which failures of the device are counted.
 * @param days for which a device is known after it was last seen; 0: none is
 */
export function knownDevice(
  username: string,
  client: ClientDevice,
  days: number,
): Sql<{ kind: 'device' | 'place'; key: string }> {
  return sql<{ kind: 'device' | 'place'; key: string }>`
    SELECT CASE WHEN k.is_token THEN 'device' ELSE 'place' END AS kind,
           k.user_id || ':' || encode(k.hash, 'hex') AS key
    FROM known_device k JOIN immigration_user u ON u.id = k.user_id
    WHERE u.username IN (${username}, ${username.normalize('NFKC')})
      AND k.hash IN (${placeHash(client)}::bytea, ${tokenHash(client)}::bytea)
      AND k.seen_at > now() - make_interval(days => ${days})
    ORDER BY k.is_token DESC LIMIT 1`;
}

/** Remembers from where users log in, and tells them of log-ins from elsewhere. */
export class KnownDevices {
  constructor(
    private readonly settings: Settings,
    private readonly mails: AccountMails,
  ) {}

  /**
   * Remembers the client of a successful log-in. If it is new, and not the user's first, the user is told by e-mail. Its
   * statements go out with the transaction's next ones.
   */
  remember(
    transaction: TenantTransaction,
    tenant: Tenant,
    account: MailedAccount,
    client: ClientDevice,
  ): void {
    const { knownDeviceDays, newDeviceNotices } = this.settings;
    if (knownDeviceDays === 0) return;
    const hashes = [placeHash(client), tokenHash(client)] as const;
    if (newDeviceNotices) {
      const { address, agent } = client;
      this.mails.queue(transaction, tenant, {
        name: 'new-device',
        account,
        values: { address, device: deviceName(agent) },
        condition: isNew(account.id, hashes),
      });
    }
    transaction.send(rememberAll(account.id, hashes));
  }
}

type Hashes = readonly [place: Buffer, token: Buffer | null];

/** Returns the condition that a user has logged in before, but from no device with one of these hashes. */
function isNew(userId: number, [place, token]: Hashes): Sql<boolean> {
  return sql<boolean>`coalesce((
    SELECT NOT bool_or(coalesce(k.hash IN (${place}::bytea, ${token}::bytea), false))
    FROM known_device k WHERE k.user_id = ${userId}), false)`;
}

function rememberAll(userId: number, [place, token]: Hashes): Sql {
  return sql`
    WITH given AS (
      SELECT g.hash, g.is_token FROM (VALUES (${place}::bytea, false), (${token}::bytea, true)) g (hash, is_token)
      WHERE g.hash IS NOT NULL),
    surplus AS (
      DELETE FROM known_device WHERE user_id = ${userId} AND hash IN (
        SELECT r.hash FROM (
          SELECT k.hash, row_number() OVER (PARTITION BY k.is_token ORDER BY k.seen_at DESC, k.hash) AS rank
          FROM known_device k WHERE k.user_id = ${userId}) r
        WHERE r.rank >= ${sql.lit(MOST_REMEMBERED)})
        AND hash NOT IN (SELECT given.hash FROM given))
    INSERT INTO known_device AS k (user_id, hash, is_token)
    SELECT ${userId}, given.hash, given.is_token FROM given ORDER BY given.is_token
    ON CONFLICT (user_id, hash) DO UPDATE SET seen_at = now() WHERE k.seen_at < now() - ${DATED_EVERY}`;
}
