import { join } from 'node:path';
import type { Config, ConnectionSettings } from '../config/config.js';
import { Database } from '../database/database.js';
import { createMailer } from './mailer.js';
import { DeliverySender } from './sender.js';

export interface RunningDeliveries {
  /** Takes nothing new, waits for what is under way, closes every connection. */
  close(): Promise<void>;
}

type Settings = Pick<Config, 'deliveries' | 'dataDirectory' | 'baseDomain'>;

/** Its statements are few and short, however many receivers are waited for. */
const CONNECTIONS = 2;

/** The folder of the e-mails that do not leave the machine. */
export function mailFolder(config: Pick<Config, 'dataDirectory'>): string {
  return join(config.dataDirectory, 'mail');
}

/** Begins to send webhooks and e-mails, over database connections of its own. Never fails: what is away is waited for. */
export function startDeliveries(
  config: Settings,
  app: ConnectionSettings,
  onError: (error: Error) => void,
): RunningDeliveries {
  const settings = config.deliveries;
  const database = new Database(app, { size: CONNECTIONS });
  const mailer = createMailer({
    settings: settings.email,
    folder: mailFolder(config),
    domain: config.baseDomain,
  });
  const sender = new DeliverySender(database, { settings, mailer, onError });
  sender.start();
  return {
    async close() {
      await sender.close();
      mailer?.close();
      await database.close();
    },
  };
}
