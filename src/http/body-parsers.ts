import type { IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { detailError } from './errors.js';

/** A file of a multipart form. */
export interface UploadedFile {
  readonly name: string;
  readonly content: Buffer;
  /** Larger than the limit; `content` is its beginning. */
  readonly tooLarge: boolean;
}

/** What is read of a JSON or form body at most. */
const LARGEST_BODY = 2_621_440; // Django's DATA_UPLOAD_MAX_MEMORY_SIZE
export const LARGEST_FILE = 5 * 1024 * 1024;
const FORM_LIMITS = { fields: 1_000, fieldSize: LARGEST_BODY, files: 10, parts: 1_010, headerPairs: 100 };

const MEDIA_TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data',
};

/** The media types that a route's body may have, as OPTIONS and the documentation tell. */
export function mediaTypes(upload: boolean): string[] {
  return upload ? [MEDIA_TYPES.multipart] : Object.values(MEDIA_TYPES);
}

/**
 * Reads JSON and form bodies of the routes that declare one; for other routes whatever is sent is passed over, as
 * DRF does. Forms become objects of texts, with `request.isForm` set and their files in `request.files`.
 */
export function registerBodyParsers(app: FastifyInstance): void {
  app.decorateRequest('isForm', false);
  app.decorateRequest('files', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const { definition } = request.routeOptions.config;
    if (!definition || (!definition.body && !definition.upload)) {
      payload.resume();
      return undefined;
    }
    const header = request.headers['content-type'] ?? '';
    const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!mediaTypes(definition.upload === true).includes(type)) {
      const length = Number(request.headers['content-length'] ?? Number.NaN);
      if (length === 0) return undefined;
      throw detailError(415, `Unsupported media type "${header}" in request.`);
    }
    if (type === MEDIA_TYPES.multipart) return await readMultipart(request, payload);
    const text = decode(await readAll(payload));
    if (type === MEDIA_TYPES.json) return parseJson(text);
    request.isForm = true;
    return Object.fromEntries(new URLSearchParams(text)); // of a repeated field the last value counts
  });
}

async function readAll(payload: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of payload) {
    size += (chunk as Buffer).length;
    if (size > LARGEST_BODY) throw detailError(413, 'Request body is too large.');
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(content: Buffer): string {
  try {
    return utf8.decode(content);
  } catch {
    throw detailError(400, 'JSON parse error - the body is not valid UTF-8');
  }
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw detailError(400, `JSON parse error - ${(error as Error).message}`);
  }
}

function readMultipart(request: FastifyRequest, payload: IncomingMessage): Promise<unknown> {
  request.isForm = true;
  return new Promise((resolve, reject) => {
    const refuse = (reason: string) => {
      payload.unpipe();
      payload.resume();
      reject(detailError(400, `Multipart form parse error - ${reason}`));
    };
    const fields: Record<string, string> = {};
    const files: Record<string, UploadedFile> = {};
    let parser: InstanceType<typeof Busboy>;
    try {
      parser = new Busboy({
        headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
        limits: { ...FORM_LIMITS, fileSize: LARGEST_FILE },
      });
    } catch (error) {
      refuse((error as Error).message);
      return;
    }
    parser.on('field', (name, value, nameTruncated, valueTruncated) => {
      if (nameTruncated || valueTruncated) refuse('a field is too large');
      else
        Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
    });
    parser.on('file', (field, stream, name) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        files[field] = { name: name ?? '', content: Buffer.concat(chunks), tooLarge: stream.truncated };
      });
    });
    parser.on('error', (error) => refuse((error as Error).message));
    for (const event of ['fieldsLimit', 'filesLimit', 'partsLimit'] as const) {
      parser.on(event, () => refuse('too many fields'));
    }
    parser.on('finish', () => {
      request.files = files;
      resolve(fields);
    });
    payload.on('error', () => refuse('the body ended early'));
    payload.on('aborted', () => refuse('the body ended early'));
    payload.pipe(parser);
  });
}
