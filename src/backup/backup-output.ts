import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { writeJson } from '../database/json.js';
import { giveToOwnerOf } from '../platform/private-text-file.js';
import { TAR_END, tarHeader, tarPadding } from './tar.js';
import { endUnfinished, removeUnfinished, unfinishedName } from './unfinished-files.js';

const compress = promisify(gzip);
/** Compresses more than twice as fast as the default, and hardly less. */
const LEVEL = 4;

/** The destination of a backup's bytes. */
export interface ByteSink {
  write(bytes: Buffer): Promise<void>;
  /** Makes what was written last, under its final name. */
  finish(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** An archive that is being written, one entry after the other. */
export class BackupOutput {
  #bytes = 0;
  #modified = 0;

  constructor(private readonly sink: ByteSink) {}

  /** Number of bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sets the time of the entries that follow. */
  set modified(date: Date) {
    this.#modified = Math.floor(date.getTime() / 1000);
  }

  /** Writes a value as JSON. @returns the SHA-256 of the text, in hexadecimal */
  async json(name: string, value: unknown): Promise<string> {
    const content = Buffer.from(`${writeJson(value, 2)}\n`);
    await this.#entry(name, content);
    return createHash('sha256').update(content).digest('hex');
  }

  async compressed(name: string, content: Buffer): Promise<void> {
    await this.#entry(name, await compress(content, { level: LEVEL }));
  }

  /**
   * Writes an entry of known size.
   * @returns the SHA-256 of its content, in hexadecimal
   * @throws Error when the pieces have another size in all
   */
  async stream(
    name: string,
    size: number,
    pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<string> {
    await this.#write(tarHeader(name, size, this.#modified));
    const sum: Hash = createHash('sha256');
    let left = size;
    for await (const piece of pieces) {
      left -= piece.length;
      if (left < 0) break;
      sum.update(piece);
      await this.#write(piece);
    }
    if (left !== 0) throw new Error(`${name} changed its size while it was read`);
    await this.#write(tarPadding(size));
    return sum.digest('hex');
  }

  /** Ends the archive and makes it last. */
  async finish(): Promise<void> {
    await this.#write(TAR_END);
    await this.sink.finish();
  }

  async #entry(name: string, content: Buffer): Promise<void> {
    await this.#write(tarHeader(name, content.length, this.#modified));
    await this.#write(content);
    await this.#write(tarPadding(content.length));
  }

  async #write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    this.#bytes += bytes.length;
    await this.sink.write(bytes);
  }
}

/**
 * Opens a file that only its owner may read. Its bytes go to another name beside it; only `finish`, when they are on the disk,
 * gives it its name, so that a backup under its name is complete.
 * @throws the system's error
 */
export async function fileSink(path: string): Promise<ByteSink> {
  await prepareFolder(dirname(path));
  await removeUnfinished(dirname(path));
  const unfinished = unfinishedName(path);
  const file = await open(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
    },
    async finish() {
      await file.sync();
      await file.close();
      giveToOwnerOf(dirname(path), unfinished);
      await rename(unfinished, path);
      endUnfinished(unfinished);
      await syncFolder(dirname(path));
    },
    async discard() {
      await file.close().catch(() => undefined);
      await rm(unfinished, { force: true });
      endUnfinished(unfinished);
    },
  };
}

/** Creates a folder that only its owner may enter, unless it exists. */
export async function prepareFolder(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  await chmod(directory, 0o700);
  giveToOwnerOf(dirname(directory), directory);
}

/** Makes the names in a folder last; only Windows cannot, and need not. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Writes to a stream, such as stdout, and waits while its reader does. */
export function streamSink(stream: Writable): ByteSink {
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure ??= error;
  });
  const write = (bytes: Buffer) =>
    new Promise<void>((resolve, reject) => {
      if (failure) return reject(failure);
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  return { write, finish: async () => undefined, discard: async () => undefined };
}
