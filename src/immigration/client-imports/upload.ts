import { invalidField } from '../../http/errors.js';
import type { UploadedFile } from '../../http/multipart.js';
import { FairSemaphore } from '../../platform/fair-semaphore.js';
import { type ClientFile, type ReadOptions, readClientFile, type Undecided } from './file.js';
import { ClientFileError } from './file-draft.js';

export const LARGEST_IMPORT = 20 * 1024 * 1024;

/** Limits concurrent reading, which keeps the processor busy and takes memory: two files, of different tenants. */
const readSemaphore = new FairSemaphore(2);

/** Reads an uploaded file. @param schema the tenant's  @throws HttpError 400 under `file` */
export async function readUpload(
  schema: string,
  { content, tooLarge }: UploadedFile,
  options: ReadOptions,
): Promise<ClientFile | Undecided> {
  if (tooLarge) throw invalidField('file', `The file is larger than ${LARGEST_IMPORT / 1024 / 1024} MB.`);
  return await readContent(schema, content, options);
}

/** Reads the content of a file. @param schema the tenant's  @throws HttpError 400 under `file` */
export async function readContent(
  schema: string,
  content: Buffer,
  options: ReadOptions,
): Promise<ClientFile | Undecided> {
  try {
    return await readSemaphore.run(schema, () => readClientFile(content, options));
  } catch (error) {
    if (error instanceof ClientFileError) throw invalidField('file', error.message);
    throw error;
  }
}
