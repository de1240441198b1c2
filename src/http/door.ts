import type { RequestListener, Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { ListenTarget } from '../config/listen-settings.js';
import { claimSocketFile, openSocketFile, removeSocketFile } from '../platform/socket-file.js';
import { createLimitedServer, type ServerLimits } from './server.js';

/** The address of a peer that has none: whoever may open the socket file, which is a proxy on this machine. */
export const LOCAL_PEER = '127.0.0.1';
const LOOK_EVERY_MS = 100;

/**
 * The API's listening socket. It outlives what answers behind it: at first that is the start, then the application. It
 * closes without cutting anybody off.
 */
export class Door {
  /** The HTTP server, for the application to attach to. */
  readonly server: Server;
  #answer: RequestListener;
  #isClosing = false;
  #opening: Promise<string> | undefined;
  #closed: Promise<void> | undefined;

  /** @param answer answers until the application does */
  constructor(
    private readonly target: ListenTarget,
    answer: RequestListener,
    limits: ServerLimits,
  ) {
    this.#answer = answer;
    this.server = createLimitedServer((request, response) => {
      if (this.#isClosing) response.shouldKeepAlive = false;
      this.#answer(request, response);
    }, limits);
  }

  /** Lets the application answer from the next request on. */
  handOver(answer: RequestListener): void {
    this.#answer = answer;
  }

  /**
   * Listens; does nothing when it already does.
   * @returns the address, such as `http://127.0.0.1:8000` or `unix:/run/leopard/api.sock`
   * @throws the system's error when that is impossible
   */
  open(): Promise<string> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /**
   * Accepts no further connections, and tells clients of the open ones with their next answer to make new ones
   * elsewhere. Requests are still answered.
   */
  async stopListening(): Promise<void> {
    if (this.#closed) return;
    const isOpen = await this.#opening?.then(
      () => true,
      () => false,
    );
    if (!isOpen) return;
    if (this.target.kind === 'unix') removeSocketFile(this.target.path);
    // Connections that the system has accepted meanwhile would be reset together with the socket.
    await nextTurn();
    await nextTurn();
    // http's own close would also cut connections on which the next request may be on its way.
    this.#closed = new Promise((resolve) => NetServer.prototype.close.call(this.server, () => resolve()));
    this.#isClosing = true;
  }

  /**
   * Waits until requests under way are answered, then closes every connection.
   * @param withinMs the longest wait, in milliseconds
   * @param idleForMs time for which connections without a request stay open, in milliseconds: one that is closed at once
   * may cut off a request that is on its way
   */
  async finish(withinMs: number, idleForMs: number): Promise<void> {
    await this.stopListening();
    const { server } = this;
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    const ended = (this.#closed ?? Promise.resolve()).then(over);
    const late = sleep(withinMs, undefined, { ref: false }).then(over);
    await Promise.race([ended, late, sleep(idleForMs)]);
    while (!isOver) {
      server.closeIdleConnections();
      await Promise.race([ended, late, sleep(LOOK_EVERY_MS)]);
    }
    server.closeAllConnections();
    server.close(() => undefined); // ends its timer
    await Promise.race([ended, nextTurn()]);
  }

  async #open(): Promise<string> {
    const { server, target } = this;
    if (target.kind === 'unix') await claimSocketFile(target.path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => {
        server.off('error', reject);
        resolve();
      });
      if (target.kind === 'tcp') server.listen({ host: target.host, port: target.port });
      else if (target.kind === 'unix') server.listen({ path: target.path });
      else server.listen({ fd: target.descriptor });
    });
    if (target.kind === 'unix') openSocketFile(target.path, target.mode);
    const address = server.address();
    if (address === null || typeof address === 'string') server.prependListener('connection', nameLocalPeer);
    return textOf(address);
  }
}

function textOf(address: ReturnType<Server['address']>): string {
  if (typeof address === 'string') return `unix:${address}`;
  if (!address) return 'the socket file that the process was started with';
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Gives a connection through a socket file an address, under which limits, logs and TRUSTED_PROXIES know it. */
function nameLocalPeer(socket: Socket): void {
  Object.defineProperty(socket, 'remoteAddress', { value: LOCAL_PEER });
}
