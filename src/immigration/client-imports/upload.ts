import { invalidField } from '../../http/errors.js';
import type { UploadedFile } from '../../http/multipart.js';
import { Semaphore } from '../../platform/semaphore.js';
import {
  type ClientFile,
  ClientFileError,
  type ReadOptions,
  readClientFile,
  type Undecided,
} from './file.js';

export const LARGEST_IMPORT = 20 * 1024 * 1024;

/** Limits concurrent reading, which keeps the processor busy. */
const readSemaphore = new Semaphore(2);

/** Reads an uploaded file. @throws HttpError 400 under `file` */
export async function readUpload(
  { content, tooLarge }: UploadedFile,
  options: ReadOptions,
): Promise<ClientFile | Undecided> {
  if (tooLarge) throw invalidField('file', `The file is larger than ${LARGEST_IMPORT / 1024 / 1024} MB.`);
  return await readContent(content, options);
}

/** Reads the content of a file. @throws HttpError 400 under `file` */
export async function readContent(content: Buffer, options: ReadOptions): Promise<ClientFile | Undecided> {
  try {
    return await readSemaphore.run(() => readClientFile(content, options));
  } catch (error) {
    if (error instanceof ClientFileError) throw invalidField('file', error.message);
    throw error;
  }
}
