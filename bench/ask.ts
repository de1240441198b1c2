import { type IncomingHttpHeaders, request } from 'node:http';
import type { HttpRequest } from './http-connection.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends one request over a connection of its own, for what is not measured in bulk. */
export function ask(
  port: number,
  { method, path, headers, body }: HttpRequest,
  address = '127.0.0.1',
): Promise<Answer> {
  const length = body ? { 'content-length': Buffer.byteLength(body) } : {};
  const options = { host: address, port, method, path, headers: { ...headers, ...length }, agent: false };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
