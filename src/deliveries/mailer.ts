import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeliverySettings } from '../config/delivery-settings.js';
import { type AttemptOutcome, shortError } from './attempt-outcome.js';
import { Deadline } from './deadline.js';
import { isAboutRecipient, type SmtpFailure } from './smtp-refusal.js';

/** An e-mail of plain text. */
interface EmailMessage {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same for every attempt; the Message-ID is derived from it. */
  readonly idempotencyKey: string;
}

/** The way out of the program for e-mails. */
export interface Mailer {
  /** Sends an e-mail. Never throws: failures are in the outcome. */
  send(message: EmailMessage): Promise<AttemptOutcome>;
  /** Aborts the e-mails under way. */
  close(): void;
}

export interface MailerOptions {
  readonly settings: DeliverySettings['email'];
  /** The folder for .eml files. */
  readonly folder: string;
  /** The domain of Message-IDs. */
  readonly domain: string;
  readonly limits?: Partial<MailLimits>;
}

/** The time limits for sending an e-mail, in milliseconds. */
export interface MailLimits {
  /** From resolving the server's name to its greeting. */
  readonly connect: number;
  readonly greeting: number;
  /** Until the server answers the last command, or the final dot. */
  readonly step: number;
  readonly total: number;
}

const MINUTE = 60_000;
/**
 * Timeouts of RFC 5321 (4.5.3.2): 5 minutes for the greeting and 10 after the final dot, the longest of all steps. A
 * client that gives up earlier repeats a mail that the server has just accepted.
 */
const LIMITS: MailLimits = {
  connect: 7 * MINUTE,
  greeting: 5 * MINUTE,
  step: 10 * MINUTE,
  total: 30 * MINUTE,
};

/** Returns the mailer that the settings ask for; null when e-mail is switched off. */
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

/** Loads nodemailer with the first e-mail: it takes as much memory as the whole HTTP server. */
const loadNodemailer = async () => (await import('nodemailer')).default;

/** Texts and addresses come from records, so nothing in them may make the program read a file or fetch a URL. */
const LOCKED_UP = { disableFileAccess: true, disableUrlAccess: true };

/**
 * Returns a mailer with one connection per e-mail: a pool would go on sending waiting e-mails after they were given up.
 */
function smtpMailer({ settings, domain, limits }: MailerOptions): Mailer {
  const { connect, greeting, step, total } = { ...LIMITS, ...limits };
  const underWay = new Set<Deadline>();
  return {
    send: (message) =>
      attempt(async () => {
        const deadline = new Deadline(total, `not taken within ${total / 1000} s`);
        underWay.add(deadline);
        try {
          const nodemailer = await loadNodemailer();
          const transport = nodemailer.createTransport({
            url: settings.smtpUrl,
            connectionTimeout: connect,
            greetingTimeout: greeting,
            socketTimeout: step,
            ...LOCKED_UP,
          });
          const { signal } = deadline;
          const sending = transport.sendMail({ ...mailOptions(message, domain), signal });
          const { response } = await deadline.bound(sending);
          return response;
        } finally {
          underWay.delete(deadline);
          deadline.clear();
        }
      }),
    close() {
      for (const deadline of underWay) deadline.end(new Error('the program stops'));
    },
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
        await mkdir(folder, { recursive: true, mode: 0o700 });
        // Readers of the folder must never see half a file.
        await rm(`${file}.part`, { force: true }); // a leftover keeps its mode
        await writeFile(`${file}.part`, text as Buffer, { mode: 0o600 });
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

async function attempt(send: () => Promise<string>): Promise<AttemptOutcome> {
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
    const failure = error as SmtpFailure;
    return {
      sent: false,
      durationMs: durationMs(),
      statusCode: failure.responseCode ?? null,
      answer: null,
      error: shortError(error),
      permanent: isAboutRecipient(failure),
    };
  }
}
