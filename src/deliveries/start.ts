import { join } from 'node:path';
import { AccountLinks } from '../auth/account-links.js';
import type { Config, ConnectionSettings } from '../config/config.js';
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

/** Number of connections: statements are few and short, however many receivers are slow. */
const CONNECTIONS = 2;

/** Returns the folder for e-mails that do not leave the machine. */
function mailFolder(config: Pick<Config, 'dataDirectory'>): string {
  return join(config.dataDirectory, 'mail');
}

/**
 * Starts sending webhooks and e-mails, over database connections of its own. Never fails: it waits for whatever is
 * unreachable.
 */
export function startDeliveries(
  config: Settings,
  app: ConnectionSettings,
  onError: (error: unknown) => void,
): RunningDeliveries {
  const settings = config.deliveries;
  const database = new Database(app, { size: CONNECTIONS });
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
