import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveToOwnerOf } from '../platform/private-text-file.js';

const unfinishedName = (file: string) => `${file}.part`;

/**
 * The uploaded files of a tenant that is being restored. They come before the rows are committed: a file without its
 * row does no harm, and the next attempt uses it. Written by whoever holds the tenant's row, so that nobody else's
 * restore of the same tenant writes or removes them meanwhile.
 */
export class RestoredFiles {
  readonly #folder: string;
  /** Whether the tenant had no files before; undefined until something is written. */
  #isNew: boolean | undefined;
  /** Files whose content is not compared yet. */
  #unsettled: string[] = [];

  /** @param mediaDirectory the folder that holds one folder per tenant */
  constructor(
    private readonly mediaDirectory: string,
    schema: string,
  ) {
    this.#folder = join(mediaDirectory, schema);
  }

  /** Writes a file, which appears under its name with `settle`. */
  async write(path: string, pieces: AsyncIterable<Buffer>): Promise<void> {
    this.#isNew ??= !existsSync(this.#folder);
    const file = join(this.#folder, ...path.split('/'));
    const unfinished = unfinishedName(file);
    this.#unsettled.push(file);
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
  }

  /** Gives the files written since the last call their names; call it when their content was compared. */
  async settle(): Promise<void> {
    for (const file of this.#unsettled) await rename(unfinishedName(file), file);
    this.#unsettled = [];
  }

  /**
   * Removes what was written, unless the tenant had files before: those stay as they are. Call it before the
   * transaction is rolled back, since the next restore of the tenant may begin then.
   */
  async discard(): Promise<void> {
    for (const file of this.#unsettled) await rm(unfinishedName(file), { force: true });
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
