import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveToOwnerOf } from '../platform/private-text-file.js';

/**
 * The uploaded files of a tenant that is being restored. They come before the rows are committed: a file without its
 * row does no harm, and the next attempt uses it.
 */
export class RestoredFiles {
  readonly #folder: string;
  readonly #isNew: boolean;

  /** @param mediaDirectory the folder that holds one folder per tenant */
  constructor(
    private readonly mediaDirectory: string,
    schema: string,
  ) {
    this.#folder = join(mediaDirectory, schema);
    this.#isNew = !existsSync(this.#folder);
  }

  /** Writes a file, complete or not at all. Files never change, so one that exists is replaced by the same. */
  async write(path: string, pieces: AsyncIterable<Buffer>): Promise<void> {
    const file = join(this.#folder, ...path.split('/'));
    const unfinished = `${file}.part`;
    await this.#folderOf(file);
    const handle = await open(unfinished, 'w', 0o600);
    try {
      for await (const piece of pieces) {
        for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    giveToOwnerOf(this.mediaDirectory, unfinished);
    await rename(unfinished, file);
  }

  /** Removes what was written, unless the tenant had files before. */
  async discard(): Promise<void> {
    if (this.#isNew) await rm(this.#folder, { recursive: true, force: true });
  }

  async #folderOf(file: string): Promise<void> {
    for (const folder of [this.mediaDirectory, this.#folder, dirname(file)]) {
      if (existsSync(folder)) continue;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      giveToOwnerOf(dirname(folder), folder);
    }
  }
}
