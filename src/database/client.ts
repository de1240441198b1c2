import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import type { ConnectionSettings } from '../config/config.js';
import { AnswerTooLargeError } from './answer-bounds.js';
import { askForSignOfLife } from './sign-of-life.js';
import { ANSWERS_WITHIN_MS } from './timeouts.js';

/** Thrown when the database, or the network to it, did not answer in time; the connection was closed. */
export class DatabaseSilentError extends Error {
  override readonly name = 'DatabaseSilentError';
  readonly code = 'ETIMEDOUT';

  constructor() {
    super('the database does not answer');
  }
}

export interface ClientSettings extends ConnectionSettings {
  /** The name under which the server lists the connection. */
  readonly application_name: string;
}

/** Time a connection gets to end properly before it is cut. */
const ENDS_WITHIN_MS = 2_000;
/** Fraction of the time limit after which silence makes the client ask for a sign of life. */
const SILENT_FOR = 0.4;
const LONGEST_PAUSE_MS = 30_000;
/** Idle time after which TCP keep-alive begins to probe the other end. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * A connection that never waits forever. TCP does not report that the other end vanished, as after a failover, or that
 * a firewall has forgotten the connection. So when an expected answer does not arrive, the client asks on another
 * connection what its server process is doing, and closes this one if that is idle or nobody answers.
 */
export class DatabaseClient extends pg.Client {
  /** Milliseconds of silence after which a round trip is given up, whatever the server is doing; infinite by default. */
  longest = Number.POSITIVE_INFINITY;
  /** Maximum number of bytes that an answer may have; a longer one fails, and ends the connection. */
  mostBytes = Number.POSITIVE_INFINITY;
  /** The server's version, such as `17.4`; empty until the server has sent it. */
  serverVersionText = '';
  /** The server's major version; 0 until the server has sent it. */
  serverVersion = 0;
  readonly #settings: ConnectionSettings;
  readonly #within: number;
  #unanswered = 0;
  /** Number of bytes that the present answer may still have. */
  #bytesLeft = Number.POSITIVE_INFINITY;
  #answers = 0;
  #silentSince = 0;
  /** Number of bytes received when the silence began. */
  #received = 0;
  /** Milliseconds of silence after which the client asks. */
  #pause = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: ClientSettings) {
    const { host, port, database, user, password, answersWithin = ANSWERS_WITHIN_MS } = settings;
    super({
      ...settings,
      password, // a pool's settings do not show it
      connectionTimeoutMillis: answersWithin,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    });
    this.#settings = { host, port, database, user, password };
    this.#within = answersWithin;
    this.on('error', ignore); // what is under way fails; without a listener the error would also end the process
    this.connection.once('readyForQuery', () => this.#countBytes());
    this.connection.on('readyForQuery', () => this.#answered());
    this.connection.on('parameterStatus', (told: { parameterName: string; parameterValue: string }) => {
      if (told.parameterName !== 'server_version') return;
      this.serverVersionText = told.parameterValue;
      this.serverVersion = Number.parseInt(told.parameterValue, 10);
    });
  }

  /** Returns a client for another connection to the same database, which is to be connected. */
  another(name: string): DatabaseClient {
    return new DatabaseClient({ ...this.#settings, application_name: name });
  }

  /** The process id of the backend, as sent when connecting; a pooler sends one of its own. */
  get serverProcess(): number | null {
    return (this as unknown as { processID: number | null }).processID;
  }

  // biome-ignore lint/suspicious/noExplicitAny: with all of the driver's overloads declared it cannot be overridden
  override query(...given: any[]): any {
    this.#unanswered++;
    this.#bytesLeft = this.mostBytes;
    if (this.#unanswered === 1) this.#listen();
    return Reflect.apply(super.query, this, given);
  }

  /** Ends the connection after pending answers, but within a short time. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  override end(...given: any[]): any {
    const { stream } = this.connection;
    const late = setTimeout(() => stream.destroy(), ENDS_WITHIN_MS).unref();
    this.once('end', () => clearTimeout(late));
    return Reflect.apply(super.end, this, given);
  }

  /** Cuts the connection; what is under way fails with this error. */
  abandon(error: Error): void {
    this.#unanswered = 0;
    this.connection.stream.destroy(error);
  }

  /** Counts what is received, so that a value that is too large is not collected in memory until it is complete. */
  #countBytes(): void {
    this.connection.stream.on('data', (chunk: Buffer) => {
      this.#bytesLeft -= chunk.length;
      if (this.#bytesLeft < 0 && this.#unanswered > 0) this.abandon(new AnswerTooLargeError());
    });
  }

  get #bytesRead(): number {
    return (this.connection.stream as Socket).bytesRead;
  }

  #answered(): void {
    if (this.#unanswered === 0) return; // it begins once connected
    this.#unanswered--;
    this.#answers++;
    if (this.#unanswered > 0) this.#listen();
  }

  /** Begins to wait for the next byte. A timer that is running stays: what it finds, it waits for anew. */
  #listen(): void {
    const pause = this.#within * SILENT_FOR;
    this.#received = this.#bytesRead;
    this.#silentSince = performance.now();
    if (this.#timer && this.#pause === pause) return;
    this.#pause = pause;
    this.#wait(pause);
  }

  #wait(time: number): void {
    clearTimeout(this.#timer);
    // setImmediate: bytes that arrived while the process was busy are read before the connection is suspected.
    this.#timer = setTimeout(() => setImmediate(() => this.#suspect()), time).unref();
  }

  #suspect(): void {
    this.#timer = undefined;
    if (this.#unanswered === 0) return;
    const left = this.#pause - (performance.now() - this.#silentSince);
    if (this.#bytesRead !== this.#received) this.#listen();
    else if (left > 0) this.#wait(left);
    else void this.#ask();
  }

  async #ask(): Promise<void> {
    const answers = this.#answers;
    const sign = await askForSignOfLife(this.#settings, this.serverProcess, this.#within);
    await nextTurn();
    if (this.#unanswered === 0 || this.#answers !== answers) return;
    if (this.#bytesRead !== this.#received) return this.#listen();
    if (sign === 'lost' || performance.now() - this.#silentSince > this.longest) {
      this.abandon(new DatabaseSilentError());
    } else {
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
      this.#wait(this.#pause);
    }
  }
}

const ignore = () => undefined;
