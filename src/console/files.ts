import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../platform/package-root.js';

/** A file of the built application, as the build describes it. */
export interface ConsoleFile {
  readonly type: string;
  readonly etag: string;
  /** Compressed forms beside the file, as `Content-Encoding` names them. */
  readonly encodings: readonly ('br' | 'gzip')[];
}

/** The folder of the built application. */
const FOLDER = join(PACKAGE_ROOT, 'dist', 'console-app');
const MANIFEST = join(FOLDER, 'manifest.json');
const ENDINGS = { br: '.br', gzip: '.gz' } as const;

/**
 * The built application: its list of files is read at the first request and when another build replaces it; contents are
 * read when they are sent, since browsers keep them.
 */
export class ConsoleFiles {
  #files: ReadonlyMap<string, ConsoleFile> | undefined;
  #builtAt = 0;

  /** Returns the files by name, such as `assets/index-1a2b.js`; null while there is no build. */
  async list(): Promise<ReadonlyMap<string, ConsoleFile> | null> {
    try {
      const { mtimeMs } = await stat(MANIFEST);
      if (!this.#files || mtimeMs !== this.#builtAt) {
        this.#files = new Map(Object.entries(JSON.parse(await readFile(MANIFEST, 'utf8'))));
        this.#builtAt = mtimeMs;
      }
      return this.#files;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Returns the content of a listed file in this encoding; null where a build has just replaced it. */
  async content(name: string, encoding: 'br' | 'gzip' | null): Promise<Buffer | null> {
    try {
      return await readFile(join(FOLDER, name) + (encoding ? ENDINGS[encoding] : ''));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}

/** Returns the best encoding of a file that an Accept-Encoding header allows; null for none. */
export function encodingFor(file: ConsoleFile, accepted: string | undefined): 'br' | 'gzip' | null {
  const allowed = new Set(
    (accepted ?? '').split(',').flatMap((part) => {
      const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
      return parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter)) ? [] : [name];
    }),
  );
  return file.encodings.find((encoding) => allowed.has(encoding)) ?? null;
}
