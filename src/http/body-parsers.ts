import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from '../database/json.js';
import {
  type BodyLimits,
  bodyLimitsOf,
  checkAnnounced,
  dropRest,
  type TakeBytes,
  tooLarge,
} from './body-limits.js';
import { detailError, throwLater } from './errors.js';
import { addField, type FormFields, MOST_FIELDS } from './form-fields.js';
import { readMultipart } from './multipart.js';

const MEDIA_TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data',
};

const MEDIA_TYPE = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;

/** Returns the media types that a route's body may have, for OPTIONS and the documentation. */
export function mediaTypes(upload: boolean): string[] {
  return upload ? [MEDIA_TYPES.multipart] : Object.values(MEDIA_TYPES);
}

/**
 * Parses JSON and form bodies of the routes that declare one; other routes ignore whatever is sent, as DRF does. Forms
 * become objects of texts (lists of texts where a field is repeated), with `request.isForm` set and their files in
 * `request.files`.
 */
export function registerBodyParsers(app: FastifyInstance): void {
  app.decorateRequest('isForm', false);
  app.decorateRequest('files', null);
  app.removeAllContentTypeParsers();
  // Fastify rejects what is no media type at all, in its own words and even where no body is expected.
  app.addHook('onRequest', (request, _reply, done) => {
    const type = request.headers['content-type'];
    if (type !== undefined && !MEDIA_TYPE.test(type)) delete request.headers['content-type'];
    done();
  });
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const { definition } = request.routeOptions.config;
    if (!definition || (!definition.body && !definition.upload)) {
      dropRest(payload);
      return undefined;
    }
    const header = request.headers['content-type'] ?? sentType(request.raw);
    const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!mediaTypes(definition.upload === true).includes(type)) {
      const length = Number(request.headers['content-length'] ?? Number.NaN);
      if (length === 0) return undefined;
      throw detailError(415, `Unsupported media type "${header}" in request.`);
    }
    const limits = bodyLimitsOf(definition);
    checkAnnounced(payload, limits);
    const take = (bytes: number) => request.share?.take(bytes, type !== MEDIA_TYPES.multipart);
    if (type === MEDIA_TYPES.json) return readJson(await readAll(payload, limits, take).catch(throwLater));
    request.isForm = true;
    if (type === MEDIA_TYPES.multipart) {
      const refusal = await definition.beforeFile?.(request).then(
        () => null,
        (error: Error) => error,
      );
      const kept = refusal ? { ...limits, file: 0 } : limits;
      const { fields, files } = await readMultipart(header, payload, kept, take).catch(throwLater);
      if (refusal) throw refusal; // after the syntax
      request.files = files;
      return fields;
    }
    return parseForm((await readAll(payload, limits, take).catch(throwLater)).toString());
  });
}

/** Parses a urlencoded form. @throws HttpError 400 for more fields than a form may have, before any is parsed */
function parseForm(text: string): FormFields {
  if (text.split('&', MOST_FIELDS + 1).length > MOST_FIELDS)
    throw detailError(400, 'Form parse error - too many fields');
  const fields: FormFields = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) addField(fields, name, value);
  return fields;
}

/** Returns the Content-Type header as it was sent. */
function sentType({ rawHeaders }: IncomingMessage): string {
  const name = rawHeaders.findIndex(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'content-type',
  );
  return name < 0 ? '' : (rawHeaders[name + 1] ?? '');
}

/** Reads a body into memory. @throws HttpError 413, what `take` throws, and 400 when the client disconnects */
function readAll(payload: IncomingMessage, { whole }: BodyLimits, take: TakeBytes): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const read = (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > whole) throw tooLarge();
        take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        chunks = [];
        payload.off('data', read);
        dropRest(payload);
        reject(error);
      }
    };
    payload.on('data', read);
    payload.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    for (const event of ['error', 'aborted'] as const) {
      payload.on(event, () => reject(detailError(400, 'The body ended early.')));
    }
  });
}

/** Maximum number of lists and objects in JSON: each takes some hundred bytes of memory for two that are sent. */
const MOST_CONTAINERS = 100_000;
const [OPENING_BRACKET, OPENING_BRACE] = [0x5b, 0x7b];

/** Returns how many lists and objects begin in JSON at most; of a text that is too short for many, 0. */
function mayBegin(content: Buffer): number {
  if (content.length <= MOST_CONTAINERS) return 0;
  let count = 0;
  // By index: an iterator takes ten times as long.
  for (let at = 0; at < content.length; at++) {
    const byte = content[at];
    if (byte === OPENING_BRACKET || byte === OPENING_BRACE) count++;
  }
  return count;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses a JSON body. @throws HttpError 400 */
function readJson(content: Buffer): unknown {
  if (content.length === 0) return undefined;
  if (mayBegin(content) > MOST_CONTAINERS)
    throw detailError(400, 'JSON parse error - too many lists and objects');
  try {
    return parseJson(utf8.decode(content));
  } catch (error) {
    throw detailError(400, `JSON parse error - ${(error as Error).message}`);
  }
}
