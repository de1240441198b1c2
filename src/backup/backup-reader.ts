import { createHash } from 'node:crypto';
import { parseJson } from '../database/json.js';
import { isStoredPath } from '../storage/media-store.js';
import {
  type BackedUpFile,
  type BackupEnd,
  type BackupHeader,
  END_ENTRY,
  entryNames,
  FORMAT,
  HEADER_ENTRY,
  PUBLIC,
  placeOf,
  type Scope,
  type SectionBegin,
  type SectionManifest,
} from './format.js';
import { rowsOf } from './load-tables.js';
import { readTar, type TarEntry, UnreadableBackupError } from './tar.js';

const MOST_JSON_BYTES = 256 * 1024 * 1024;
const SCOPE = /^(public|tenant_[a-z][a-z0-9_]{0,55})$/;

/** The receiver of what a section holds, in the order of the backup. */
export interface SectionReceiver {
  /** Receives the rows of one part of a table. */
  onRows(table: string, rows: Buffer): Promise<void>;
  /** Receives a file; it need not read it. */
  onFile?(path: string, pieces: AsyncIterable<Buffer>): Promise<void>;
  /** Called when the files received since the last call are those that were backed up. */
  onFilesCompared?(): Promise<void>;
}

/** One section of a backup: `public` or a tenant. It must be read or skipped before the next one. */
export interface BackupSection {
  readonly begin: SectionBegin;
  /** Reads the rest of the section, and compares its files with their checksums. @throws UnreadableBackupError */
  read(receiver: SectionReceiver): Promise<SectionManifest>;
  skip(): Promise<void>;
}

/** A backup that is read from its beginning to its end. */
export class BackupReader {
  readonly #entries: AsyncGenerator<TarEntry>;
  readonly #seen = new Set<Scope>();
  #open: BackupSection | null = null;

  private constructor(
    entries: AsyncGenerator<TarEntry>,
    readonly header: BackupHeader,
  ) {
    this.#entries = entries;
  }

  /** Reads the beginning of a backup. @throws UnreadableBackupError */
  static async open(source: AsyncIterable<Buffer>): Promise<BackupReader> {
    const entries = readTar(source);
    try {
      const { value: first } = await entries.next();
      if (first?.name !== HEADER_ENTRY) throw new UnreadableBackupError('the file is no backup of Leopard');
      const { value: header } = await json<BackupHeader>(first);
      if (!(header.format <= FORMAT))
        throw new UnreadableBackupError(
          `the backup has format ${header.format}, this version of the program reads ${FORMAT}; restore it with version ${header.program} or newer`,
        );
      return new BackupReader(entries, header);
    } catch (error) {
      await entries.return(undefined);
      throw error;
    }
  }

  /**
   * Returns the next section; null after the last.
   * @throws UnreadableBackupError, also when the backup was not written to its end
   */
  async next(): Promise<BackupSection | null> {
    await this.#open?.skip();
    const { value: entry, done } = await this.#entries.next();
    if (done || !entry) throw new UnreadableBackupError('the backup is incomplete: its end is missing');
    if (entry.name === END_ENTRY) {
      const { value: end } = await json<BackupEnd>(entry);
      if (end.id !== this.header.id)
        throw new UnreadableBackupError('the end of the file is another backup’s');
      const lost = end.scopes.find((scope) => !this.#seen.has(scope));
      if (lost !== undefined) throw new UnreadableBackupError(`${lost} is missing in the backup`);
      return null;
    }
    const place = placeOf(entry.name);
    if (place.kind !== 'begin' || !SCOPE.test(place.scope))
      throw new UnreadableBackupError(`${entry.name} is not expected there; the backup is damaged`);
    const { value: begin, sum } = await json<SectionBegin>(entry);
    if (begin.scope !== place.scope || (begin.tenant === null) !== (begin.scope === PUBLIC))
      throw new UnreadableBackupError(`${entry.name} is damaged`);
    this.#seen.add(begin.scope);
    this.#open = this.#section(place.scope, begin, sum);
    return this.#open;
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#entries.return(undefined);
  }

  #section(scope: Scope, begin: SectionBegin, sum: string): BackupSection {
    const read = async (receiver: SectionReceiver): Promise<SectionManifest> => {
      const files = new FileSums();
      for (;;) {
        const { value: entry, done } = await this.#entries.next();
        if (done || !entry) throw new UnreadableBackupError('the backup is incomplete: its end is missing');
        const place = placeOf(entry.name);
        if (!('scope' in place) || place.scope !== scope || place.kind === 'begin')
          throw new UnreadableBackupError(`${entry.name} is not expected there; the backup is damaged`);
        if (place.kind === 'part') await receiver.onRows(place.table, await rowsOf(entry));
        else if (place.kind === 'file') await files.read(place.path, entry, receiver);
        else if (place.kind === 'fileList') {
          files.compare((await json<BackedUpFile[]>(entry)).value);
          await receiver.onFilesCompared?.();
        } else {
          const { value: manifest } = await json<SectionManifest>(entry);
          if ((manifest.begin ?? sum) !== sum)
            throw new UnreadableBackupError(`${entryNames(scope).begin} is damaged; use another backup`);
          files.end(manifest);
          this.#open = null;
          return manifest;
        }
      }
    };
    const skip = async () => {
      for (;;) {
        const { value: entry, done } = await this.#entries.next();
        if (done || !entry) throw new UnreadableBackupError('the backup is incomplete: its end is missing');
        if (placeOf(entry.name).kind !== 'manifest') continue;
        this.#open = null;
        return;
      }
    };
    return { begin, read, skip };
  }
}

/** The checksums of the files read since the last list, which names the same files. */
class FileSums {
  readonly #sums = new Map<string, string>();
  #count = 0;
  #bytes = 0;

  async read(path: string, entry: TarEntry, receiver: SectionReceiver): Promise<void> {
    if (!isStoredPath(path)) throw new UnreadableBackupError(`${entry.name} is no uploaded file’s name`);
    const sum = createHash('sha256');
    const summed = async function* () {
      for await (const piece of entry.pieces()) {
        sum.update(piece);
        yield piece;
      }
    };
    const pieces = summed();
    await receiver.onFile?.(path, pieces);
    for await (const _ of pieces);
    this.#sums.set(path, sum.digest('hex'));
    this.#count++;
    this.#bytes += entry.size;
  }

  compare(list: readonly BackedUpFile[]): void {
    const wrong = list.find(({ path, sha256 }) => this.#sums.get(path) !== sha256);
    if (wrong || list.length !== this.#sums.size)
      throw new UnreadableBackupError(
        `the file ${wrong?.path ?? 'list'} is not as it was backed up; use another backup`,
      );
    this.#sums.clear();
  }

  end({ scope, files }: SectionManifest): void {
    if (this.#sums.size === 0 && (files?.count ?? 0) === this.#count && (files?.bytes ?? 0) === this.#bytes)
      return;
    if (scope === PUBLIC) return;
    throw new UnreadableBackupError(`uploaded files of ${scope} are missing in the backup; use another one`);
  }
}

/** Reads an object in JSON. @returns it, and the SHA-256 of its text, in hexadecimal */
async function json<T extends object>(entry: TarEntry): Promise<{ value: T; sum: string }> {
  const content = await entry.read(MOST_JSON_BYTES);
  try {
    const value = parseJson(content.toString('utf8'));
    if (typeof value !== 'object' || value === null) throw new TypeError('it is no object');
    return { value: value as T, sum: createHash('sha256').update(content).digest('hex') };
  } catch (error) {
    throw new UnreadableBackupError(`${entry.name} is damaged`, { cause: error });
  }
}
