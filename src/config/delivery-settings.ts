import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { statOf } from '../platform/folders.js';
import type { SettingsReader } from './settings-reader.js';

/** The way out for e-mails: an SMTP server, .eml files in a folder, or none. */
type EmailTransport = 'smtp' | 'file' | 'off';

/** The settings of webhooks and e-mails. */
export interface DeliverySettings {
  /** Maximum number of concurrent webhooks per process: in all, per tenant, and per endpoint. */
  readonly concurrency: number;
  readonly concurrencyPerTenant: number;
  readonly concurrencyPerEndpoint: number;
  readonly email: {
    readonly transport: EmailTransport;
    /** `smtp://user:password@host:587` or `smtps://…`; '' unless the transport is smtp. */
    readonly smtpUrl: string;
    readonly from: string;
    /** Maximum number of concurrent e-mails per process, each on a connection of its own. */
    readonly concurrency: number;
    /** Maximum age of an event, in hours, for it still to be sent by e-mail. */
    readonly maxAgeHours: number;
  };
  readonly webhooks: {
    /** Whether to allow http, and addresses that are not on the public Internet. */
    readonly allowPrivate: boolean;
    readonly ports: readonly number[];
    /** Certificates, as PEM, that are trusted in addition to Node's; null for none. */
    readonly extraCa: string | null;
  };
}

interface Surroundings {
  readonly debug: boolean;
  readonly baseDomain: string;
  /** The base directory of relative paths. */
  readonly directory: string;
}

const TRANSPORTS = ['smtp', 'file', 'off'] as const;
const ADDRESS = /^[^\r\n]*[^\s<>@]@[^\s<>@]+>?$/;

/** Reads the settings of deliveries; errors become problems of `read`. */
export function readDeliverySettings(read: SettingsReader, around: Surroundings): DeliverySettings {
  return {
    concurrency: read.integer('DELIVERY_CONCURRENCY', 20, { min: 1, max: 1000 }),
    concurrencyPerTenant: read.integer('DELIVERY_CONCURRENCY_PER_TENANT', 8, { min: 1, max: 1000 }),
    concurrencyPerEndpoint: read.integer('DELIVERY_CONCURRENCY_PER_ENDPOINT', 4, { min: 1, max: 1000 }),
    email: readEmail(read, around),
    webhooks: {
      allowPrivate: read.boolean('WEBHOOKS_ALLOW_PRIVATE', false),
      ports: readPorts(read),
      extraCa: readCertificates(read, around.directory),
    },
  };
}

function readEmail(read: SettingsReader, { debug, baseDomain }: Surroundings): DeliverySettings['email'] {
  const smtpUrl = read.text('SMTP_URL', '');
  const from = read.text('EMAIL_FROM', '') || `Leopard <no-reply@${baseDomain}>`;
  if (!ADDRESS.test(from)) {
    read.problem('EMAIL_FROM', 'must look like Name <name@example.com> or name@example.com');
  }
  const transport = read.choice<EmailTransport>(
    'EMAIL_TRANSPORT',
    TRANSPORTS,
    debug ? 'file' : smtpUrl ? 'smtp' : 'off',
  );
  const bounds = {
    concurrency: read.integer('EMAIL_CONCURRENCY', 4, { min: 1, max: 100 }),
    maxAgeHours: read.integer('EMAIL_MAX_AGE_HOURS', 24, { min: 12, max: 720 }),
  };
  if (transport !== 'smtp') return { transport, smtpUrl: '', from, ...bounds };
  if (!smtpUrl) read.problem('SMTP_URL', 'is missing; EMAIL_TRANSPORT=smtp needs it');
  else if (!isSmtpUrl(smtpUrl)) {
    read.problem('SMTP_URL', 'must look like smtp://user:password@host:587 or smtps://user:password@host');
  }
  return { transport, smtpUrl, from, ...bounds };
}

function isSmtpUrl(text: string): boolean {
  return /^smtps?:\/\/./.test(text) && URL.canParse(text) && new URL(text).hostname !== '';
}

function readPorts(read: SettingsReader): number[] {
  const ports = read.list('WEBHOOKS_PORTS', ['443', '8443']);
  const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
  for (const port of ports) {
    if (!isPort(port)) read.problem('WEBHOOKS_PORTS', `must hold ports such as 443,8443, not "${port}"`);
  }
  return ports.map(Number);
}

function readCertificates(read: SettingsReader, directory: string): string | null {
  const given = read.text('WEBHOOKS_CA_FILE', '');
  if (!given) return null;
  const file = resolve(directory, given);
  const text = textIn(file);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  read.problem('WEBHOOKS_CA_FILE', `must be a file with certificates (PEM), which ${file} is not`);
  return null;
}

/** Returns the text of a file; '' where it is none, or cannot be read. */
function textIn(file: string): string {
  try {
    return statOf(file)?.isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}
