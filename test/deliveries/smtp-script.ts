import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The steps of SMTP that the server answers to: `greeting`, the commands, and `dot` for the end of a message. */
export type Step = 'greeting' | 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'dot' | 'QUIT';

/** The unusual behaviour of the server: it waits before it answers, or answers something else. */
type Script = Partial<Record<Step, { readonly afterMs?: number; readonly reply?: string }>>;

export interface SmtpServer {
  readonly port: number;
  /** The messages that ended with a dot, accepted or not. */
  readonly messages: string[];
  /** The script, which may be replaced at any time. */
  script: Script;
  /** Returns the number of open connections. */
  connections(): number;
  close(): Promise<void>;
}

const USUAL: Readonly<Record<Step, string>> = {
  greeting: '220 mail.test',
  EHLO: '250 mail.test',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go on',
  dot: '250 taken',
  QUIT: '221 bye',
};

/** Starts an SMTP server of bare sockets on 127.0.0.1, each of whose steps can be delayed or refused. */
export async function startSmtpServer(): Promise<SmtpServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    void converse(socket, smtp);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const smtp: SmtpServer = {
    port: (server.address() as AddressInfo).port,
    messages: [],
    script: {},
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return smtp;
}

async function converse(socket: Socket, smtp: SmtpServer): Promise<void> {
  const answer = async (step: Step) => {
    const { afterMs = 0, reply = USUAL[step] } = smtp.script[step] ?? {};
    await sleep(afterMs);
    socket.write(`${reply}\r\n`);
  };
  await answer('greeting');
  let [said, message]: [string, string | null] = ['', null];
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      said += chunk.toString();
      for (let end = said.indexOf('\r\n'); end >= 0; end = said.indexOf('\r\n')) {
        const line = said.slice(0, end);
        said = said.slice(end + 2);
        if (message !== null && line !== '.') message += `${line}\n`;
        else if (message !== null) {
          smtp.messages.push(message);
          message = null;
          await answer('dot');
        } else {
          const step = line.slice(0, 4).toUpperCase() as Step;
          await answer(step in USUAL ? step : 'EHLO');
          if (step === 'DATA' && !smtp.script.DATA?.reply) message = '';
        }
      }
    }
  } catch {
    // The other side went away.
  }
}
