import { connect, type IncomingHttpHeaders } from 'node:http2';
import { type RequestOptions, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** The server that requests go to, whatever host they name. */
export interface TlsTarget {
  readonly port: number;
  /** The socket file through which it is reached, where it is not on this machine's network. */
  readonly socketPath?: string;
  /** Trusted certificates, in PEM. */
  readonly certificates: string;
}

export interface TlsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly json: any;
}

type Asked = Pick<RequestOptions, 'minVersion' | 'maxVersion' | 'localAddress' | 'ciphers'> & {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text and bytes as they are. */
  readonly body?: unknown;
};

/** Sends a request by HTTP/1.1 over TLS to 127.0.0.1, for this host. */
export function askTls(
  { port, socketPath, certificates }: TlsTarget,
  host: string,
  method: string,
  path: string,
  { headers = {}, body, ...tls }: Asked = {},
): Promise<TlsAnswer> {
  const { content, type } = contentOf(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{
          host: '127.0.0.1',
          port,
          socketPath,
          servername: host,
          ca: certificates,
          agent: false,
          method,
          path,
          ...tls,
        },
        headers: {
          host: socketPath ? host : `${host}:${port}`,
          ...type,
          'content-length': content.length,
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve(answer(response.statusCode ?? 0, response.headers as IncomingHttpHeaders, chunks)),
        );
      },
    );
    sent.on('error', reject);
    sent.end(content);
  });
}

/** A live stream over HTTP/2. */
export interface Http2Stream {
  readonly headers: IncomingHttpHeaders;
  /** Waits until this was received. */
  until(text: string): Promise<void>;
  readonly ended: Promise<void>;
  close(): void;
}

/** Opens a stream by HTTP/2 over TLS; resolves when the head of the answer has arrived. */
export function openHttp2(target: TlsTarget, host: string, path: string): Promise<Http2Stream> {
  const session = connect(`https://127.0.0.1:${target.port}`, { ca: target.certificates, servername: host });
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':path': path, ':authority': host, accept: 'text/event-stream' });
    stream.on('error', reject);
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = new Promise<void>((over) => stream.on('close', () => over()));
    stream.on('response', (headers) => {
      resolve({
        headers,
        ended,
        async until(wanted) {
          for (const deadline = Date.now() + 20_000; !text.includes(wanted); await sleep(10))
            if (Date.now() > deadline) throw new Error(`not received: ${wanted}\n${text}`);
        },
        close: () => session.destroy(),
      });
    });
  });
}

function contentOf(body: unknown): { content: Buffer; type: Readonly<Record<string, string>> } {
  if (body === undefined) return { content: Buffer.alloc(0), type: {} };
  if (typeof body === 'string' || Buffer.isBuffer(body)) return { content: Buffer.from(body), type: {} };
  return { content: Buffer.from(JSON.stringify(body)), type: { 'content-type': 'application/json' } };
}

function answer(status: number, headers: IncomingHttpHeaders, chunks: readonly Buffer[]): TlsAnswer {
  const text = Buffer.concat(chunks).toString();
  return {
    status,
    headers,
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}
