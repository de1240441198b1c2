import { connect, type Socket } from 'node:net';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** Returns a request as the bytes to send. */
export function requestBytes({ method, path, headers, body = '' }: HttpRequest): Buffer {
  const length = body ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  const lines = Object.entries({ ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

const READ_AT_ONCE = 65_536;

/**
 * A persistent connection, one request at a time. It shares the processors with what is measured, so it implements no
 * more of HTTP than the program's own answers need: for /health/ autocannon took more than half as much of their time
 * as the server did, this a third.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #answered: ((status: number) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;
  /** The beginning of an incomplete head. */
  #head: Buffer | undefined;
  #missing = 0;
  #status = 0;

  private constructor(port: number) {
    const callback = (length: number, buffer: Uint8Array) => {
      this.#read(buffer as Buffer, length);
      return true;
    };
    const buffer = Buffer.alloc(READ_AT_ONCE);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
    this.#socket.on('error', (error) => this.#failed?.(error));
    this.#socket.on('close', () => this.#failed?.(new Error('the program closed the connection')));
  }

  static open(port: number): Promise<HttpConnection> {
    const connection = new HttpConnection(port);
    return new Promise((resolve, reject) => {
      connection.#failed = reject;
      connection.#socket.once('connect', () => resolve(connection));
    });
  }

  /** Sends a request; resolves with the status once the answer is complete. */
  ask(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  #read(buffer: Buffer, length: number): void {
    if (this.#missing > 0) {
      this.#missing -= length;
    } else {
      const chunk = buffer.subarray(0, length);
      const head = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
      const end = head.indexOf(HEAD_END);
      this.#head = end < 0 ? Buffer.from(head) : undefined; // the buffer will be overwritten
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
  if (/^HTTP\/1\.1 204 /.test(head)) return 0;
  const found = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!found) throw new Error(`an answer without its length: ${head.split('\r\n', 1)[0]}`);
  return Number(found[1]);
}
