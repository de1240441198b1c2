import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Maximum number of bytes of an answer that are read. */
const MOST_BYTES = 65_536;

interface Got {
  readonly status: number;
  /** The beginning of the body. */
  readonly text: string;
}

export interface Target {
  readonly scheme: 'http' | 'https';
  /** The address to connect to. */
  readonly address: string;
  readonly port: number;
  /** The host that is asked for. */
  readonly host: string;
  readonly path: string;
}

/** Gets the beginning of a page, whatever the certificate. @throws the system's error */
export function get({ scheme, address, port, host, path }: Target, signal: AbortSignal): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = scheme === 'https' ? httpsRequest : httpRequest;
    const asked = request(
      {
        host: address,
        port,
        path,
        servername: host,
        headers: { host },
        rejectUnauthorized: false,
        agent: false,
        signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const done = () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
          response.destroy();
        };
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes >= MOST_BYTES) done();
        });
        response.once('end', done).once('error', reject);
      },
    );
    asked.once('error', reject).end();
  });
}
