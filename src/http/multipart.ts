import type { IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
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

export const LARGEST_FILE = 5 * 1024 * 1024;
const LARGEST_FIELD = 2_621_440;
/** Maximum number of bytes of one form's fields that are kept in memory. */
const LARGEST_FIELDS = LARGEST_FILE + LARGEST_FIELD;
const LIMITS = {
  fields: MOST_FIELDS,
  fieldSize: LARGEST_FIELD,
  files: 10,
  parts: MOST_FIELDS + 10,
  headerPairs: 100,
};

/**
 * Parses a multipart form: a repeated field becomes a list, of a repeated file the last one counts.
 * @param largestFile maximum number of bytes kept of a file
 * @throws HttpError 400 for a malformed or truncated form, 413 for one that is too large
 */
export function readMultipart(
  contentType: string,
  payload: IncomingMessage,
  largestFile = LARGEST_FILE,
): Promise<MultipartForm> {
  return new Promise((resolve, reject) => {
    const fields: FormFields = Object.create(null);
    const files: Record<string, UploadedFile> = Object.create(null);
    const largestForm = largestFile + LARGEST_FIELD;
    let kept = 0;
    let keptOfFields = 0;

    const give = (error: Error) => {
      payload.unpipe();
      payload.resume();
      reject(error);
    };
    const refuse = (reason: string) => give(detailError(400, `Multipart form parse error - ${reason}`));
    const keep = (size: number) => {
      kept += size;
      const fits = kept <= largestForm && keptOfFields <= LARGEST_FIELDS;
      if (!fits) give(detailError(413, 'Request body is too large.'));
      return fits;
    };

    let parser: InstanceType<typeof Busboy>;
    try {
      parser = new Busboy({
        headers: { 'content-type': contentType },
        limits: { ...LIMITS, fileSize: largestFile },
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
    payload.pipe(parser);
  });
}
