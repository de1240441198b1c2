import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeliverySettings } from '../delivery-settings.js';
import { type Outcome, shortError } from './outcome.js';

/** An e-mail of plain text. */
export interface EmailMessage {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same for every attempt; the Message-ID is made of it. */
  readonly idempotencyKey: string;
}

/** Takes e-mails out of the program. */
export interface Mailer {
  /** Hands one over. It never throws: what goes wrong is in the outcome. */
  send(message: EmailMessage): Promise<Outcome>;
  close(): void;
}

export interface MailerOptions {
  readonly settings: DeliverySettings['email'];
  /** Where .eml files are written to. */
  readonly folder: string;
  /** What stands behind the @ of a Message-ID. */
  readonly domain: string;
  /** Connections to the SMTP server at most. */
  readonly connections: number;
}

/** For each step of talking to the SMTP server. */
const STEP_WITHIN_MS = 10_000;
/** Leaves room below a claim's lease. */
const WITHIN_MS = 40_000;
/** The SMTP server's word that this message will never be taken. */
const PERMANENT_FROM = 500;

/** The mailer of the settings; null when e-mail is switched off. */
export function createMailer(options: MailerOptions): Mailer | null {
  switch (options.settings.transport) {
    case 'smtp':
      return smtpMailer(options);
    case 'file':
      return fileMailer(options);
    case 'off':
      return null;
  }
}

/** Loaded for the first e-mail: it takes as much memory as all of the HTTP server. */
const loadNodemailer = async () => (await import('nodemailer')).default;

/** Texts and addresses come from records: nothing in them may make the program read a file or fetch an address. */
const LOCKED_UP = { disableFileAccess: true, disableUrlAccess: true };

function smtpMailer({ settings, domain, connections }: MailerOptions): Mailer {
  const connect = async () =>
    (await loadNodemailer()).createTransport({
      url: settings.smtpUrl,
      pool: true,
      maxConnections: connections,
      connectionTimeout: STEP_WITHIN_MS,
      greetingTimeout: STEP_WITHIN_MS,
      socketTimeout: STEP_WITHIN_MS,
      ...LOCKED_UP,
    });
  let transport: ReturnType<typeof connect> | undefined;
  return {
    send: (message) =>
      attempt(async () => {
        transport ??= connect();
        const sending = (await transport).sendMail(mailOptions(message, domain));
        const { response } = await within(sending, WITHIN_MS);
        return response;
      }),
    close: () => void transport?.then((made) => made.close()),
  };
}

function fileMailer({ folder, domain }: MailerOptions): Mailer {
  return {
    send: (message) =>
      attempt(async () => {
        const transport = (await loadNodemailer()).createTransport({
          streamTransport: true,
          buffer: true,
          newline: 'unix',
          ...LOCKED_UP,
        });
        const { message: text } = await transport.sendMail(mailOptions(message, domain));
        const file = join(folder, `${message.idempotencyKey}.eml`);
        await mkdir(folder, { recursive: true });
        // Whoever looks into the folder never sees half a file.
        await writeFile(`${file}.part`, text as Buffer);
        await rename(`${file}.part`, file);
        return `written to ${file}`;
      }),
    close: () => undefined,
  };
}

function mailOptions({ from, to, subject, text, idempotencyKey }: EmailMessage, domain: string) {
  return {
    from,
    to: { name: '', address: to },
    subject,
    text,
    messageId: `<${idempotencyKey}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Leopard-Delivery': idempotencyKey },
  };
}

async function attempt(send: () => Promise<string>): Promise<Outcome> {
  const begun = performance.now();
  const durationMs = () => Math.round(performance.now() - begun);
  try {
    const answer = await send();
    return {
      sent: true,
      durationMs: durationMs(),
      statusCode: null,
      answer: shortError(answer),
      error: null,
    };
  } catch (error) {
    const { responseCode = null, code } = error as { responseCode?: number | null; code?: string };
    return {
      sent: false,
      durationMs: durationMs(),
      statusCode: responseCode,
      answer: null,
      error: shortError(error),
      // A refused log-in is the platform's own trouble, which somebody puts right.
      permanent: code !== 'EAUTH' && (responseCode ?? 0) >= PERMANENT_FROM,
    };
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not taken within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
