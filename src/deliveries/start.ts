import { join } from 'node:path';
import { AccountLinks } from '../auth/account-links.js';
import type { Config, ConnectionSettings } from '../config/config.js';
import { POOL_SIZES } from '../config/pool-sizes.js';
import type { CellGate } from '../database/cell-gate.js';
import { Database } from '../database/database.js';
import { createMailer } from './mailer.js';
import { DeliverySender } from './sender.js';

export interface RunningDeliveries {
  /** Claims nothing more, waits for attempts under way, closes every connection. */
  close(): Promise<void>;
}

type Settings = Pick<
  Config,
  'deliveries' | 'dataDirectory' | 'baseDomain' | 'secretKey' | 'secretKeyFallbacks'
>;

/** Returns the folder for e-mails that do not leave the machine. */
function mailFolder(config: Pick<Config, 'dataDirectory'>): string {
  return join(config.dataDirectory, 'mail');
}

/**
 * Starts sending webhooks and e-mails, over database connections of its own. Never fails: it waits for whatever is
 * unreachable.
 * @param gate that of the cell, where the database is one
 */
export function startDeliveries(
  config: Settings,
  app: ConnectionSettings,
  onError: (error: unknown) => void,
  gate?: CellGate,
): RunningDeliveries {
  const settings = config.deliveries;
  const database = new Database(app, { size: POOL_SIZES.deliveries, gate });
  const mailer = createMailer({
    settings: settings.email,
    folder: mailFolder(config),
    domain: config.baseDomain,
  });
  const sender = new DeliverySender(database, {
    settings,
    mailer,
    links: new AccountLinks([config.secretKey, ...config.secretKeyFallbacks]),
    onError,
  });
  sender.start();
  return {
    async close() {
      await sender.close();
      mailer?.close();
      await database.close();
    },
  };
}
