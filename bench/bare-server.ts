import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerCalls } from './child.js';

export interface FixedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers every request with the same bytes. @returns the port */
async function listen({ status, headers, body }: FixedAnswer): Promise<number> {
  const server = createServer((_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const calls = { listen };
export type BareServerCalls = typeof calls;
answerCalls(calls);
