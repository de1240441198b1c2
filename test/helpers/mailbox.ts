import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { AccountLinks } from '../../src/auth/account-links.js';
import { withOwner } from '../../src/database/owner.js';
import { createMailer } from '../../src/deliveries/mailer.js';
import { DeliverySender } from '../../src/deliveries/sender.js';
import type { TestApp } from './app.js';

/** An e-mail that arrived. */
interface ReceivedMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The token of the link in it; null when it holds none. */
  readonly token: string | null;
}

/** An SMTP server and a sender of an application's deliveries to it. */
export interface Mailbox {
  readonly mails: readonly ReceivedMail[];
  /** Waits until all queued e-mails are sent; returns those that have arrived since the last call. */
  arrived(): Promise<ReceivedMail[]>;
  close(): Promise<void>;
}

const GIVES_UP_AFTER_MS = 20_000;

/** Starts to send an application's e-mails to an SMTP server of the test. */
export async function startMailbox(app: TestApp, secretKeys = [app.config.secretKey]): Promise<Mailbox> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join(',');
        mails.push(readMail(to, Buffer.concat(chunks).toString()));
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'leopard-test-'));
  const { port } = server.server.address() as AddressInfo;
  const email = {
    ...app.config.deliveries.email,
    transport: 'smtp' as const,
    smtpUrl: `smtp://127.0.0.1:${port}`,
  };
  const settings = { ...app.config.deliveries, email };
  const mailer = createMailer({ settings: email, folder, domain: 'leopard.test' });
  const errors: unknown[] = [];
  const links = new AccountLinks(secretKeys);
  const onError = (error: unknown) => errors.push(error);
  const sender = new DeliverySender(app.database, { settings, mailer, links, pollMs: 30, onError });
  sender.start();
  let seen = 0;
  return {
    mails,
    async arrived() {
      const begun = Date.now();
      while (await waits(app)) {
        if (Date.now() - begun > GIVES_UP_AFTER_MS)
          throw new Error('an e-mail is not sent', { cause: errors });
        await sleep(20);
      }
      const fresh = mails.slice(seen);
      seen = mails.length;
      return fresh;
    },
    async close() {
      await sender.close();
      mailer?.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function waits({ databases }: TestApp): Promise<boolean> {
  const { rowCount } = await withOwner(databases.owner, (client) =>
    client.query(`SELECT FROM public.delivery_queue WHERE destination = 'mail'`),
  );
  return (rowCount ?? 0) > 0;
}

function readMail(to: string, source: string): ReceivedMail {
  const [head = '', body = ''] = source.split(/\r\n\r\n(.*)/s);
  const isQuoted = /^Content-Transfer-Encoding: quoted-printable/im.test(head);
  const text = isQuoted ? unquoted(body) : body;
  const subject = /^Subject: (.*(?:\r\n\s.*)*)/m.exec(head)?.[1] ?? '';
  return {
    to,
    subject: subject.replaceAll(/\r\n\s/g, ' '),
    text: text.replaceAll('\r\n', '\n'),
    token: /#token=([\w-]+)/.exec(text)?.[1] ?? null,
  };
}

function unquoted(body: string): string {
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
