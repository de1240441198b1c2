import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import type { Tokens } from '../src/index.js';
import type { Client } from './agency.js';
import type { LeopardClientModule } from './packed.js';

// Servers that do what the API never does: broken proxies, other programs at its address, attackers.

const closing: (() => Promise<void>)[] = [];
/** Closes all servers of a test. */
export async function closeServers(): Promise<void> {
  for (const close of closing.splice(0)) await close();
}

/** An answer of a scripted server; `count` counts its requests from 1. */
export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;
interface Scripted {
  readonly url: string;
  /** Requests so far, as `METHOD path`, with the token where one came. */
  readonly seen: string[];
}

/** Serves scripted answers. */
export async function serve(handler: Handler): Promise<Scripted> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const { authorization } = request.headers;
    seen.push(`${request.method} ${request.url}${authorization ? ` ${authorization}` : ''}`);
    handler(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Serves bytes as they are. */
export async function serveSocket(handler: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    handler(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers with JSON. */
export const json = (
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const claims = Buffer.from(JSON.stringify({ user_id: '1', username: 'a', tid: 'main' })).toString(
  'base64url',
);
export const ACCESS = `e30.${claims}.x`;
const TOKENS: Tokens = { access: ACCESS, refresh: 'refresh-1', expiresAt: null, receivedAt: 0 };

/** Writes until nobody reads any more. */
export function pour(target: Socket | ServerResponse, part: string | Buffer): void {
  const more = () => {
    if (!target.destroyed && target.write(part)) setImmediate(more);
    else if (!target.destroyed) target.once('drain', more);
  };
  more();
}

/** Returns a client that believes to be signed in. */
export function believer(
  { LeopardClient, memoryStore }: LeopardClientModule,
  baseUrl: string,
  options: object = {},
): Client {
  const store = memoryStore();
  void store.write(TOKENS);
  return new LeopardClient({ baseUrl, store, timeoutMs: 5_000, retries: 0, ...options });
}
