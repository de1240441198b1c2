import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ConnectionSettings } from '../config.js';

type Handler = (payload: string) => void;

export interface ListenerOptions {
  /** Every how many milliseconds it is tested that notices arrive. */
  readonly heartbeat?: number;
  readonly onError?: (error: Error) => void;
}

const HEARTBEAT_CHANNEL = 'leopard_heartbeat';
const RECONNECT_MS = 1_000;

/**
 * Hears the database's notices on a connection of its own. A notice is a hint that may be missed, so `healthy`
 * tells whether they arrive at present: behind a pooler in transaction mode LISTEN is accepted and then lost,
 * which only a notice to oneself shows.
 */
export class Listener {
  readonly #handlers = new Map<string, Handler[]>();
  readonly #heartbeat: number;
  #client: pg.Client | undefined;
  /** Sends the tests' notices. Not the client that hears: a pooler may pass a connection's own notices back to it. */
  #speaker: pg.Client | undefined;
  #healthy = false;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #heard: ((nonce: string) => void) | undefined;

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly options: ListenerOptions = {},
  ) {
    this.#heartbeat = options.heartbeat ?? 5_000;
  }

  /** Whether notices arrived at the last test; caches may be trusted only then. */
  get healthy(): boolean {
    return this.#healthy;
  }

  /** Calls `handler` with the payload of each notice on this channel. To be called before `start`. */
  on(channel: string, handler: Handler): void {
    this.#handlers.set(channel, [...(this.#handlers.get(channel) ?? []), handler]);
  }

  /** Connects; resolves after the first test. Reconnects by itself until it is closed. */
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
    while (!signal.aborted) {
      try {
        await this.#connect();
        while (!signal.aborted) {
          this.#healthy = await this.#test();
          tested();
          await sleep(this.#heartbeat, undefined, { signal });
        }
      } catch (error) {
        if (!signal.aborted) this.options.onError?.(error as Error);
      }
      this.#healthy = false;
      tested();
      await this.#disconnect();
      await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #disconnect(): Promise<void> {
    await Promise.all([this.#client, this.#speaker].map((client) => client?.end().catch(() => undefined)));
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.settings, application_name: 'leopard-listener' });
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
      if (channel === HEARTBEAT_CHANNEL) this.#heard?.(payload);
      else for (const handler of this.#handlers.get(channel) ?? []) handler(payload);
    });
    const channels = [...this.#handlers.keys(), HEARTBEAT_CHANNEL];
    await client.query(channels.map((channel) => `LISTEN "${channel}"`).join('; '));
    // What was said while nobody listened is unknown: everything may have changed.
    for (const handlers of this.#handlers.values()) for (const handler of handlers) handler('');
  }

  /** Sends a notice on the other connection and waits for it. */
  async #test(): Promise<boolean> {
    const nonce = randomUUID();
    const arrived = new Promise<boolean>((resolve) => {
      this.#heard = (payload) => payload === nonce && resolve(true);
    });
    await this.#client?.query('SELECT 1'); // fails when the connection was cut
    await this.#speaker?.query('SELECT pg_notify($1, $2)', [HEARTBEAT_CHANNEL, nonce]);
    const late = sleep(1_000, false, { signal: this.#stopping.signal });
    return await Promise.race([arrived, late]).catch(() => false);
  }
}
