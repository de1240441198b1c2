import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { CERTIFICATE, PRIVATE_KEY } from './certificate.js';

/** A request that arrived at a receiver. */
interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver's answer; a number is a status. */
export type Answering = number | ((request: Received, response: ServerResponse, nth: number) => void);

export interface Receiver {
  readonly port: number;
  readonly received: Received[];
  /** May be replaced at any time. */
  answering: Answering;
  /** Returns the maximum number of concurrent requests so far. */
  most(): number;
  close(): Promise<void>;
}

/** Starts a receiver of webhooks: an HTTPS server on 127.0.0.1 with the tests' certificate. */
export async function startReceiver(answering: Answering = 200): Promise<Receiver> {
  let [running, most] = [0, 0];
  const server = createServer({ key: PRIVATE_KEY, cert: CERTIFICATE }, async (request, response) => {
    most = Math.max(most, ++running);
    response.on('close', () => running--);
    const body = await textOf(request);
    const got = { path: request.url ?? '', headers: request.headers, body };
    receiver.received.push(got);
    if (typeof receiver.answering === 'function') {
      receiver.answering(got, response, receiver.received.length);
    } else {
      response.writeHead(receiver.answering);
      response.end('noted');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    port: (server.address() as AddressInfo).port,
    received: [],
    answering,
    most: () => most,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return receiver;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // Whoever sent it went away.
  }
  return Buffer.concat(chunks).toString();
}
