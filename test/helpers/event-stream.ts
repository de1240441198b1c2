import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A message of a live stream as a browser would receive it. */
export interface Received {
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: messages of every form
  readonly data: any;
}

export interface OpenOptions {
  readonly tenant?: string;
  readonly token?: string | undefined;
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A reader of the live stream over a connection of its own. */
export class EventStream {
  readonly received: Received[] = [];
  /** Everything received. */
  raw = '';
  /** Resolves when the server has ended the stream or cut it off. */
  readonly ended: Promise<void>;
  #text = '';
  #isEnded = false;

  private constructor(
    private readonly sent: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      response.on('close', () => {
        this.#isEnded = true;
        resolve();
      });
    });
  }

  /** Opens a stream; resolves when the head of the answer has arrived. */
  static open(base: string, options: OpenOptions = {}): Promise<EventStream> {
    const { tenant = 'main', token, search = '', headers } = options;
    const { hostname, port } = new URL(base);
    return new Promise((resolve, reject) => {
      const sent = request({
        hostname,
        port,
        path: `/api/v1/notifications/stream/${search}`,
        agent: false,
        headers: {
          host: `${tenant}.localhost`,
          accept: 'text/event-stream',
          ...(token && { authorization: `Bearer ${token}` }),
          ...headers,
        },
      });
      sent.on('response', (response) => resolve(new EventStream(sent, response)));
      sent.on('error', reject);
      sent.end();
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Returns the messages of this type so far. */
  of(type: string): Received[] {
    return this.received.filter(({ data }) => data.type === type);
  }

  /** Ids of the notifications so far. */
  get ids(): number[] {
    return this.of('notification_message').map(({ data }) => data.notification.id);
  }

  /** Waits until this many messages of a type have arrived; returns the last of them. */
  async until(type: string, count = 1, withinMs = 30_000): Promise<Received> {
    const until = Date.now() + withinMs;
    while (this.of(type).length < count) {
      if (Date.now() > until) {
        const got = this.received.map(({ data }) => data.type).join(' ');
        throw new Error(`${this.of(type).length} of ${count} ${type}; got ${got}`);
      }
      await sleep(5);
    }
    return this.of(type)[count - 1] as Received;
  }

  close(): void {
    this.sent.destroy();
  }

  #take(text: string): void {
    this.raw += text;
    this.#text += text;
    const parts = this.#text.split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const lines = part.split('\n');
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      this.received.push({ id: field('id'), data: JSON.parse(field('data') ?? 'null') });
    }
  }
}
