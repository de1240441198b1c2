import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsTarget } from '../helpers/tls-client.js';

/** Time after which a browser reconnects when it was told no other, in milliseconds. */
const USUAL_RETRY_MS = 3_000;

/** A live stream as a page reads it: it reconnects, with the last id that it has received. */
export class BrowserStream {
  /** Ids of the received notifications, in the order of their receipt. */
  readonly ids: number[] = [];
  readonly #running: Promise<void>;
  #lastId = '';
  #retry = USUAL_RETRY_MS;
  #text = '';
  #sent: ClientRequest | undefined;
  #stopped = false;
  #isOpen = false;
  #lostAt = 0;
  #longestGap = 0;
  #losses = 0;

  constructor(
    private readonly target: TlsTarget,
    private readonly host: string,
    private readonly token: string,
  ) {
    this.#running = this.#run();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Returns how often the stream was lost since the last call, and for how long at most, in milliseconds; a loss that
   * goes on counts until now.
   */
  gaps(): { readonly losses: number; readonly longestMs: number } {
    const current = this.#isOpen || this.#lostAt === 0 ? 0 : performance.now() - this.#lostAt;
    const gaps = { losses: this.#losses, longestMs: Math.max(this.#longestGap, current) };
    this.#losses = 0;
    this.#longestGap = 0;
    return gaps;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#sent?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#connect();
      if (this.#isOpen) {
        this.#isOpen = false;
        this.#losses++;
        this.#lostAt = performance.now();
      }
      if (!this.#stopped) await sleep(this.#retry);
    }
  }

  /** Reads a stream to its end, however it ends. */
  #connect(): Promise<void> {
    this.#text = '';
    return new Promise((resolve) => {
      const sent = request({
        ...{ host: '127.0.0.1', port: this.target.port, socketPath: this.target.socketPath },
        ...{ servername: this.host, ca: this.target.certificates, agent: false },
        path: '/api/v1/notifications/stream/',
        headers: {
          host: this.host,
          authorization: `Bearer ${this.token}`,
          accept: 'text/event-stream',
          ...(this.#lastId && { 'last-event-id': this.#lastId }),
        },
      });
      this.#sent = sent;
      sent.on('error', () => resolve());
      sent.on('close', () => resolve());
      sent.on('response', (response) => {
        response.setEncoding('utf8');
        response.on('error', () => undefined);
        response.on('data', (text: string) => response.statusCode === 200 && this.#take(text));
        response.on('close', () => resolve());
      });
      sent.end();
    });
  }

  #take(text: string): void {
    const parts = (this.#text + text).split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const { id, retry } = Object.fromEntries(fields) as Record<string, string | undefined>;
      if (retry !== undefined) this.#retry = Number(retry);
      if (id !== undefined) this.#lastId = id;
      const message = JSON.parse(fields.get('data') ?? 'null');
      if (message?.type === 'connection_established') {
        this.#isOpen = true;
        if (this.#lostAt > 0) this.#longestGap = Math.max(this.#longestGap, performance.now() - this.#lostAt);
        this.#lostAt = 0;
      }
      if (message?.type === 'notification_message') this.ids.push(message.notification.id);
    }
  }
}
