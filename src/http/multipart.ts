import type { IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import { type BodyLimits, dropRest, type TakeBytes, tooLarge } from './body-limits.js';
import { detailError } from './errors.js';
import { addField, type FormFields, MOST_FIELDS } from './form-fields.js';

/** A file of a multipart form. */
export interface UploadedFile {
  readonly name: string;
  readonly content: Buffer;
  /** Whether it exceeds the limit; `content` is its beginning then. */
  readonly tooLarge: boolean;
}

export interface MultipartForm {
  readonly fields: Readonly<FormFields>;
  readonly files: Readonly<Record<string, UploadedFile>>;
}

const LIMITS = {
  fields: MOST_FIELDS,
  files: 10,
  parts: MOST_FIELDS + 10,
  headerPairs: 100,
};

/**
 * Parses a multipart form: a repeated field becomes a list, of a repeated file the last one counts. Fields are kept up
 * to the limit of one, and files only where the route takes them.
 * @param take counts what is kept
 * @throws HttpError 400 for a malformed or truncated form, 413 for one that is too large
 */
export function readMultipart(
  contentType: string,
  payload: IncomingMessage,
  limits: BodyLimits,
  take: TakeBytes,
): Promise<MultipartForm> {
  return new Promise((resolve, reject) => {
    const fields: FormFields = Object.create(null);
    const files: Record<string, UploadedFile> = Object.create(null);
    let sent = 0;
    let kept = 0;
    let keptOfFields = 0;
    let isRefused = false;

    const give = (error: Error) => {
      if (isRefused) return;
      isRefused = true;
      payload.off('data', count);
      payload.unpipe();
      dropRest(payload);
      reject(error);
    };
    const count = (chunk: Buffer) => {
      sent += chunk.length;
      if (sent > limits.whole) give(tooLarge());
    };
    const refuse = (reason: string) => give(detailError(400, `Multipart form parse error - ${reason}`));
    const keep = (size: number) => {
      kept += size;
      try {
        if (kept > limits.file + limits.field || keptOfFields > limits.field) throw tooLarge();
        if (!isRefused) take(size);
      } catch (error) {
        give(error as Error);
      }
      return !isRefused;
    };

    if (payload.destroyed) {
      refuse('the body ended early');
      return;
    }
    let parser: InstanceType<typeof Busboy>;
    try {
      parser = new Busboy({
        headers: { 'content-type': contentType },
        limits: { ...LIMITS, fieldSize: limits.field, fileSize: limits.file },
      });
    } catch (error) {
      refuse((error as Error).message);
      return;
    }
    parser.on('field', (name, value, nameTruncated, valueTruncated) => {
      if (nameTruncated || valueTruncated) refuse('a field is too large');
      else {
        keptOfFields += value.length;
        if (keep(value.length)) addField(fields, name, value);
      }
    });
    parser.on('file', (field, stream, name) => {
      if (limits.file === 0) {
        stream.on('error', (error: Error) => refuse(error.message)).resume();
        return;
      }
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        if (keep(chunk.length)) chunks.push(chunk);
      });
      // When the body ends within a file, its stream fails too, which would end the process without a listener.
      stream.on('error', (error: Error) => refuse(error.message));
      stream.on('end', () => {
        files[field] = { name: name ?? '', content: Buffer.concat(chunks), tooLarge: stream.truncated };
      });
    });
    parser.on('error', (error) => refuse((error as Error).message));
    for (const event of ['fieldsLimit', 'filesLimit', 'partsLimit'] as const) {
      parser.on(event, () => refuse('too many fields'));
    }
    parser.on('finish', () => resolve({ fields, files }));
    for (const event of ['error', 'aborted'] as const) {
      payload.on(event, () => refuse('the body ended early'));
    }
    payload.on('data', count);
    payload.pipe(parser);
  });
}
