import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../config/config.js';
import { CHANNELS, type Channel } from './channels.js';
import { DatabaseClient, DatabaseSilentError } from './client.js';

type Handler = (payload: string) => void;

export interface ListenerOptions {
  /** Milliseconds between two tests of whether notices arrive. */
  readonly heartbeat?: number;
  /** Timeout for the notice of a test, in milliseconds. */
  readonly within?: number;
  readonly onError?: (error: Error) => void;
}

const DEFAULTS = { heartbeat: 3_000, within: 2_000 };
const RECONNECT_MS = 1_000;
/** Longest pause between connections, reached where none has ever received a notice, as behind a pooler. */
const LONGEST_RECONNECT_MS = 30_000;
/** Number of failed tests after which a working connection is given up: a busy process or server may miss one. */
const MISSES_OF_ONE_THAT_HEARD = 2;
const MISSES_OF_ONE_THAT_NEVER_HEARD = 10;

/**
 * Listens for the database's notices on a connection of its own. Notices may be lost, so `healthy` tells whether they
 * currently arrive: a pooler in transaction mode accepts LISTEN and then loses it, and a connection whose other end has
 * vanished stays silent. Only a notice to itself reveals that; a connection that fails this test is replaced.
 */
export class Listener {
  readonly #handlers = new Map<string, Handler[]>();
  readonly #heartbeat: number;
  readonly #within: number;
  #client: DatabaseClient | undefined;
  /**
   * The connection that sends the test notices. Not the listening one: a pooler may return a connection's own notices.
   */
  #speaker: DatabaseClient | undefined;
  #healthy = false;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #heard: ((nonce: string) => void) | undefined;

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly options: ListenerOptions = {},
  ) {
    this.#heartbeat = options.heartbeat ?? DEFAULTS.heartbeat;
    this.#within = options.within ?? DEFAULTS.within;
  }

  /** Whether notices arrived at the last test; caches are reliable only then. */
  get healthy(): boolean {
    return this.#healthy;
  }

  /** Calls `handler` with the payload of each notice on this channel. Call it before `start`. */
  on(channel: Channel, handler: Handler): void {
    this.#handlers.set(channel, [...(this.#handlers.get(channel) ?? []), handler]);
  }

  /** Connects; resolves after the first test. Reconnects until it is closed. */
  async start(): Promise<void> {
    const firstTest = new Promise<void>((resolve) => {
      this.#running = this.#run(resolve);
    });
    await firstTest;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#disconnect();
    await this.#running;
  }

  async #run(tested: () => void): Promise<void> {
    const { signal } = this.#stopping;
    let pause = RECONNECT_MS;
    while (!signal.aborted) {
      let isDeaf = false;
      try {
        await this.#connect();
        isDeaf = !(await this.#testUntilLost(tested));
      } catch (error) {
        if (!signal.aborted) this.options.onError?.(error as Error);
      }
      this.#healthy = false;
      tested();
      this.#cut();
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      pause = isDeaf ? Math.min(pause * 2, LONGEST_RECONNECT_MS) : RECONNECT_MS;
    }
  }

  /** Tests the connection until it is lost. @returns whether it has ever received a notice @throws connection errors */
  async #testUntilLost(tested: () => void): Promise<boolean> {
    const { signal } = this.#stopping;
    let everHeard = false;
    for (let misses = 0; !signal.aborted; ) {
      this.#healthy = await this.#test();
      tested();
      everHeard ||= this.#healthy;
      misses = this.#healthy ? 0 : misses + 1;
      if (misses >= (everHeard ? MISSES_OF_ONE_THAT_HEARD : MISSES_OF_ONE_THAT_NEVER_HEARD)) break;
      await sleep(this.#heartbeat, undefined, { signal });
    }
    return everHeard;
  }

  async #disconnect(): Promise<void> {
    await Promise.all([this.#client, this.#speaker].map((client) => client?.end()));
  }

  /** Drops the connection without closing it properly, since the other end may be gone. */
  #cut(): void {
    for (const client of [this.#client, this.#speaker]) client?.abandon(new DatabaseSilentError());
  }

  async #open(): Promise<DatabaseClient> {
    const client = new DatabaseClient({ ...this.settings, application_name: 'leopard-listener' });
    client.on('error', () => {
      this.#healthy = false;
    });
    await client.connect();
    return client;
  }

  async #connect(): Promise<void> {
    this.#speaker = await this.#open();
    const client = await this.#open();
    this.#client = client;
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === CHANNELS.heartbeat) this.#heard?.(payload);
      else this.#tell(channel, payload);
    });
    const channels = [...this.#handlers.keys(), CHANNELS.heartbeat];
    await client.query(channels.map((channel) => `LISTEN "${channel}"`).join('; '));
    // Notices sent while nobody listened are lost: everything may have changed.
    for (const channel of this.#handlers.keys()) this.#tell(channel, '');
  }

  /** Calls the handlers. Anyone may send any notice, so one that a handler cannot read must not affect the others. */
  #tell(channel: string, payload: string): void {
    for (const handler of this.#handlers.get(channel) ?? []) {
      try {
        handler(payload);
      } catch (error) {
        this.options.onError?.(error as Error);
      }
    }
  }

  /** Sends a notice on the other connection and waits for it. @returns whether it arrived @throws connection errors */
  async #test(): Promise<boolean> {
    const nonce = randomUUID();
    const arrived = new Promise<boolean>((resolve) => {
      this.#heard = (payload) => payload === nonce && resolve(true);
    });
    const ask = async () => {
      await this.#client?.query('SELECT 1'); // fails when the connection was cut
      // Not concurrently: a pooler passes on a notice only while the listening process serves the connection.
      await this.#speaker?.query('SELECT pg_catalog.pg_notify($1, $2)', [CHANNELS.heartbeat, nonce]);
      return await arrived;
    };
    const asked = ask();
    const { signal } = this.#stopping;
    // The extra turn of the event loop reads a notice that arrived while this process was busy.
    const late = sleep(this.#within, false, { signal }).then(() => nextTurn(false));
    for (const promise of [asked, late]) promise.catch(() => undefined);
    return await Promise.race([asked, late]);
  }
}
