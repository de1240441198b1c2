import { connect, type Socket } from 'node:net';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** A request as the bytes to send. */
export function requestBytes({ method, path, headers, body = '' }: HttpRequest): Buffer {
  const length = body ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  const lines = Object.entries({ ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

/**
 * A connection that is kept open, one request at a time. Knows no more of HTTP than the program's own answers need,
 * since it shares the processors with what is measured: libraries for load took up to as much of them as the server.
 */
export class HttpConnection {
  #answered: ((status: number) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;
  #head: Buffer | undefined;
  #missing = 0;
  #status = 0;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => this.#failed?.(new Error('the program closed the connection')));
  }

  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => resolve(new HttpConnection(socket)));
    });
  }

  /** Sends a request; resolves with the status once the answer is here in full. */
  ask(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.socket.write(request);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#missing > 0) {
      this.#missing -= chunk.length;
    } else {
      const head = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
      const end = head.indexOf(HEAD_END);
      this.#head = end < 0 ? head : undefined;
      if (end < 0) return;
      const text = head.toString('latin1', 0, end);
      this.#status = Number(text.slice(9, 12));
      this.#missing = bodyLength(text) - (head.length - end - HEAD_END.length);
    }
    if (this.#missing === 0) this.#answered?.(this.#status);
    else if (this.#missing < 0) this.#failed?.(new Error('an answer is longer than it says'));
  }
}

function bodyLength(head: string): number {
  const found = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!found) throw new Error(`an answer without its length: ${head.split('\r\n', 1)[0]}`);
  return Number(found[1]);
}
