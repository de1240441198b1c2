import { answerCalls } from './child.js';
import { closedLoop, type LoopOptions, type Sample } from './closed-loop.js';
import { HttpConnection, type HttpRequest, requestBytes } from './http-connection.js';

export interface Load extends LoopOptions {
  readonly port: number;
  /** The server's, where it is not this machine's own. */
  readonly address?: string;
  /** Sent in rotation. */
  readonly requests: readonly HttpRequest[];
  /** The expected status. */
  readonly status: number;
  readonly connections: number;
}

/** Sends requests over this many connections, on each the next one as soon as the last one is answered. */
async function load({ port, address, requests, status, connections, ...options }: Load): Promise<Sample> {
  const bytes = requests.map(requestBytes);
  const open = await Promise.all(
    Array.from({ length: connections }, () => HttpConnection.open(port, address)),
  );
  let sent = 0;
  const steps = open.map((connection) => async () => {
    const answered = await connection.ask(bytes[sent++ % bytes.length] as Buffer);
    if (answered !== status)
      throw new Error(`${requests[0]?.method} ${requests[0]?.path} was answered with status ${answered}`);
  });
  try {
    return await closedLoop(steps, options);
  } finally {
    for (const connection of open) connection.close();
  }
}

const calls = { load };
export type LoadCalls = typeof calls;
answerCalls(calls);
