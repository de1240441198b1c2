import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { getPriority, setPriority } from 'node:os';
import { ATTACKS } from './attacks.js';

/** The target of an attack. */
export interface Target {
  readonly port: number;
  /** The hostile user's access token. */
  readonly token: string;
  /** A client that the user may change. */
  readonly clientId: number;
}

export interface Order {
  readonly attack: string;
  readonly target: Target;
}

/** The number of answers by status; 0 for requests that got none. */
export type Tally = Readonly<Record<number, number>>;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The attacker's address; the neighbour has another one. */
const ADDRESS = '127.0.0.2';

/** Sends the requests of one attack until it is stopped, and counts the answers. */
export class Attacker {
  readonly tally: Record<number, number> = {};
  readonly #agent = new Agent({ keepAlive: true });
  readonly #sockets = new Set<Socket>();
  #isStopped = false;
  #count = 0;

  constructor(private readonly target: Target) {}

  get clientId(): number {
    return this.target.clientId;
  }

  stop(): void {
    this.#isStopped = true;
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Repeats this, this many at once, until the attack is stopped; each time with the next number. */
  async repeat(atOnce: number, work: (n: number) => Promise<unknown>): Promise<void> {
    const loop = async () => {
      while (!this.#isStopped) await work(this.#count++);
    };
    await Promise.all(Array.from({ length: atOnce }, loop));
  }

  get(path: string): Promise<void> {
    return this.send({ method: 'GET', path }, true);
  }

  /** Sends a request, as the hostile user if asked, and reads the answer. */
  send({ method, path, body, type, headers }: Sent, isSignedIn = false): Promise<void> {
    const { port, token } = this.target;
    const all = {
      host: 'main.localhost',
      ...(isSignedIn && { authorization: `Bearer ${token}` }),
      ...(type && { 'content-type': type }),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    };
    return new Promise((resolve) => {
      const options = {
        host: '127.0.0.1',
        port,
        localAddress: ADDRESS,
        method,
        path,
        headers: all,
        agent: this.#agent,
      };
      const sent = request(options, (response) => {
        this.#note(response.statusCode ?? 0);
        response.resume().on('close', resolve);
      });
      sent.on('error', () => {
        this.#note(0);
        setTimeout(resolve, 1);
      });
      sent.end(body);
    });
  }

  /** Returns the head of a request of the hostile user, to be sent on a connection of its own. */
  head(path: string): string {
    return `GET ${path} HTTP/1.1\r\nHost: main.localhost\r\nAuthorization: Bearer ${this.target.token}\r\n\r\n`;
  }

  /** Opens a connection, sends this and counts the answers. */
  open(text: string): Socket {
    const socket = connect({ port: this.target.port, host: '127.0.0.1', localAddress: ADDRESS });
    this.#sockets.add(socket);
    socket.on('data', (chunk: Buffer) => {
      for (const [, status] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g))
        this.#note(Number(status));
    });
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    if (text) socket.write(text);
    return socket;
  }

  /** Waits until the server closes a connection, and closes it itself after a time, in milliseconds. */
  async closed(socket: Socket, within: number): Promise<void> {
    if (socket.destroyed) return;
    const late = setTimeout(() => socket.destroy(), within);
    await new Promise((resolve) => socket.once('close', resolve));
    clearTimeout(late);
  }

  #note(status: number): void {
    this.tally[status] = (this.tally[status] ?? 0) + 1;
  }
}

/** Carries out orders of the parent process; the message `stop` ends the attack, whose tally is then sent. */
function serve(): void {
  setPriority(Math.min(getPriority() + 5, 19)); // a real attacker uses a processor of their own
  let attacker: Attacker | undefined;
  process.on('message', (message: Order | 'stop') => {
    if (message === 'stop') {
      attacker?.stop();
      process.send?.(attacker?.tally ?? {});
      return;
    }
    attacker = new Attacker(message.target);
    const attack = ATTACKS[message.attack];
    if (!attack) throw new Error(`there is no attack "${message.attack}"`);
    void attack(attacker);
  });
  process.on('disconnect', () => process.exit());
}

if (process.send) serve();
