import { connect, type Socket } from 'node:net';
import { type AnswerBody, bodyAfter } from './answer-body.js';

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
 * more of HTTP than answers need: for /health/ autocannon took more than half as much of their time as the server did,
 * this a third. Where a server closes the connection after an answer, the next request opens another.
 */
export class HttpConnection {
  #socket: Socket | undefined;
  #answered: ((status: number) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;
  /** The beginning of an incomplete head. */
  #head: Buffer | undefined;
  #body: AnswerBody | undefined;
  #status = 0;
  #closes = false;

  private constructor(
    private readonly port: number,
    private readonly address: string,
  ) {}

  static async open(port: number, address = '127.0.0.1'): Promise<HttpConnection> {
    const connection = new HttpConnection(port, address);
    await connection.#connect();
    return connection;
  }

  /** Sends a request; resolves with the status once the answer is complete. */
  async ask(request: Buffer): Promise<number> {
    if (!this.#socket) await this.#connect();
    return await new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket?.write(request);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#answered = undefined;
    this.#socket?.destroy();
  }

  #connect(): Promise<void> {
    const { port, address } = this;
    const callback = (length: number, buffer: Uint8Array) => {
      if (this.#socket === socket) this.#read((buffer as Buffer).subarray(0, length));
      return true;
    };
    const buffer = Buffer.alloc(READ_AT_ONCE);
    const socket = connect({ port, host: address, noDelay: true, onread: { buffer, callback } });
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      this.#failed = reject;
      socket.once('connect', () => resolve());
      socket.on('error', (error) => this.#socket === socket && this.#fail(error));
      socket.on('close', () => this.#socket === socket && this.#end());
    });
  }

  /** Notes that the server has closed the connection: the end of an answer, between two of them, or too early. */
  #end(): void {
    const isComplete = this.#body?.endsWithConnection === true;
    this.#socket = undefined;
    if (isComplete) this.#complete();
    else if (this.#answered) this.#fail(new Error('the server closed the connection'));
  }

  #fail(error: Error): void {
    this.#answered = undefined;
    this.#failed?.(error);
  }

  #read(bytes: Buffer): void {
    let rest = bytes;
    if (!this.#body) {
      const head = this.#head ? Buffer.concat([this.#head, bytes]) : bytes;
      const end = head.indexOf(HEAD_END);
      this.#head = end < 0 ? Buffer.from(head) : undefined; // the buffer will be overwritten
      if (end < 0) return;
      const text = head.toString('latin1', 0, end);
      this.#status = Number(text.slice(9, 12));
      this.#closes = /\r\nconnection: *close/i.test(text) || text.startsWith('HTTP/1.0');
      this.#body = bodyAfter(text);
      rest = head.subarray(end + HEAD_END.length);
    }
    try {
      if (this.#body.take(rest)) this.#complete();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #complete(): void {
    if (this.#closes || this.#body?.endsWithConnection) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    this.#body = undefined;
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(this.#status);
  }
}
