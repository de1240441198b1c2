import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { compile } from '@fastify/proxy-addr';
import { addressKey } from './address-key.js';

/** Times after which the server gives a connection up, in milliseconds. */
export interface ConnectionTimes {
  /** Until the head of a request has come, counted from the connection or the request's first byte. */
  readonly head: number;
  /** Until the whole request has come. */
  readonly request: number;
  /** Between two requests; longer than usual proxies keep connections, so that they give them up first. */
  readonly idle: number;
  /** Without a byte sent or received while an answer is prepared or sent; above the interval of heartbeats. */
  readonly silence: number;
  /** Interval at which the first two are checked. */
  readonly checkEvery: number;
}

const TIMES: ConnectionTimes = {
  head: 20_000,
  request: 60_000,
  idle: 72_000,
  silence: 120_000,
  checkEvery: 5_000,
};

export interface ServerLimits {
  /** Maximum number of open connections, and of those from one address; 0: no limit. */
  readonly connections: { readonly most: number; readonly perAddress: number };
  /** Addresses and ranges of proxies, which may open any number. */
  readonly trustedProxies: readonly string[];
  /** Times that differ from the defaults. */
  readonly times?: Partial<ConnectionTimes> | undefined;
  /** Called for refused connections, at most once a minute. */
  readonly onRefused?: (reason: string) => void;
}

/**
 * Maximum number of requests that wait on one connection for the answers before theirs. Clients that send the next
 * request before they have the answer are rare, and all of what has come at once is worked on at once.
 */
const MOST_PIPELINED = 4;

const REPORTED_EVERY_MS = 60_000;

const REFUSAL = JSON.stringify({ detail: 'There are too many connections from this address.' });
const REFUSED = [
  'HTTP/1.1 429 Too Many Requests',
  'Content-Type: application/json; charset=utf-8',
  'Retry-After: 10',
  `Content-Length: ${REFUSAL.length}`,
  'Connection: close',
  '',
  REFUSAL,
].join('\r\n');

/** Returns an HTTP server on whose connections nobody waits, or makes others wait, for longer than the limits say. */
export function createLimitedServer(listener: RequestListener, limits: ServerLimits): Server {
  const times = { ...TIMES, ...limits.times };
  const pipelines = new Pipelines();
  const server = createServer(
    {
      headersTimeout: times.head,
      requestTimeout: times.request,
      keepAliveTimeout: times.idle,
      connectionsCheckingInterval: times.checkEvery,
    },
    (request, response) => {
      // A request that came before the answer to the one before has no socket to write to yet.
      if (response.socket !== null || pipelines.admit(request, response)) listener(request, response);
    },
  );
  server.setTimeout(times.silence);
  limitConnections(server, limits);
  return server;
}

/** Counts the requests that wait for the answers before theirs, and cuts off connections with too many. */
class Pipelines {
  readonly #waiting = new WeakMap<Socket, number>();

  /** Returns whether the request is answered; false when its connection is given up. */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (socket.destroyed) return false;
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    if (waiting > MOST_PIPELINED) {
      socket.destroy();
      return false;
    }
    this.#waiting.set(socket, waiting);
    response.once('close', () => this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1));
    return true;
  }
}

function limitConnections(server: Server, limits: ServerLimits): void {
  const { connections, trustedProxies, onRefused } = limits;
  const { most, perAddress } = connections;
  let reportedAt = Number.NEGATIVE_INFINITY;
  const report = (reason: string) => {
    if (performance.now() - reportedAt < REPORTED_EVERY_MS) return;
    reportedAt = performance.now();
    onRefused?.(reason);
  };
  if (most > 0) {
    server.maxConnections = most;
    server.on('drop', () => report(`more than ${most} connections`));
  }
  if (perAddress === 0) return;
  const isProxy = compile([...trustedProxies]);
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (isProxy(address, 0)) return;
    const key = addressKey(address);
    const count = (open.get(key) ?? 0) + 1;
    if (count > perAddress) {
      report(`more than ${perAddress} connections from ${key}`);
      socket.end(REFUSED, () => socket.destroy());
      return;
    }
    open.set(key, count);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    });
  });
}
