import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import type { Config } from '../config/config.js';
import { whyNotWritable } from '../platform/folders.js';
import { PlainError } from '../platform/plain-error.js';

/** The path of a stored file below its tenant's folder; only the program makes them. */
const PATH = /^[a-z-]+\/[A-Za-z0-9-]+\.[a-z0-9]{1,5}$/;

/** Returns whether a path is one under which files are stored. */
export const isStoredPath = (path: string): boolean => PATH.test(path);

/**
 * Checks that files can be stored in the configured folder, without creating it.
 * @throws PlainError that says what to do
 */
export function checkMediaDirectory(config: Pick<Config, 'mediaDirectory' | 'dataDirectory'>): void {
  const { mediaDirectory, dataDirectory } = config;
  const reason = whyNotWritable(mediaDirectory);
  if (reason === null) return;
  // Where the data directory itself is unusable, another MEDIA_DIR alone would not help.
  const unusableAlike = dirname(mediaDirectory) === dataDirectory && whyNotWritable(dataDirectory) !== null;
  const setting = unusableAlike ? 'LEOPARD_DATA_DIR' : 'MEDIA_DIR';
  throw new PlainError(
    `uploaded files cannot be stored in ${mediaDirectory} (${reason}); set ${setting} to a folder that this user may write to`,
  );
}

/** The name suffix of a file that is being written. */
const UNFINISHED = '.part';
const OUTLIVED_MS = 3_600_000;

/** The stored files of tenants, each tenant's in a folder of its own. */
export class MediaStore {
  /** The folders tidied so far: one per tenant and kind of file. */
  readonly #tidied = new Set<string>();

  constructor(private readonly directory: string) {}

  /**
   * Stores a file under a new unguessable name.
   * @param kind the folder, such as `profile-pictures`
   * @returns its path within the tenant's storage
   */
  async put(schema: string, kind: string, extension: string, content: Buffer): Promise<string> {
    const path = `${kind}/${randomUUID()}.${extension}`;
    const file = this.#fileOf(schema, path);
    // Written aside first: a file under its final name is always complete.
    const unfinished = `${file}${UNFINISHED}`;
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await this.#tidy(dirname(file));
      await writeFile(unfinished, content, { mode: 0o600, flag: 'wx' });
      await rename(unfinished, file);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    return path;
  }

  /** Removes unfinished files of killed processes from a folder, at its first use. */
  async #tidy(folder: string): Promise<void> {
    if (this.#tidied.has(folder)) return;
    this.#tidied.add(folder);
    for (const name of await readdir(folder).catch(() => [])) {
      if (name.endsWith(UNFINISHED)) await removeOlder(join(folder, name), OUTLIVED_MS);
    }
  }

  /** Removes a file; a missing one is no error. */
  async remove(schema: string, path: string): Promise<void> {
    await rm(this.#fileOf(schema, path), { force: true });
  }

  /** Returns a file's size in bytes and its content as a stream; null when there is none. */
  async open(schema: string, path: string): Promise<{ size: number; stream: Readable } | null> {
    if (!PATH.test(path)) return null;
    const file = this.#fileOf(schema, path);
    const found = await stat(file).catch(() => null);
    return found?.isFile() ? { size: found.size, stream: createReadStream(file) } : null;
  }

  #fileOf(schema: string, path: string): string {
    if (!PATH.test(path) || !/^tenant_[a-z0-9_]+$/.test(schema))
      throw new Error(`not a stored file: ${path}`);
    return join(this.directory, schema, ...path.split('/'))
      .split('/')
      .join(sep);
  }
}

/** Removes a file last written longer ago than this; ignores errors, since leftovers are harmless. */
async function removeOlder(file: string, milliseconds: number): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found && Date.now() - found.mtimeMs > milliseconds)
    await rm(file, { force: true }).catch(() => undefined);
}
