import { copyFile, link, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isStoredPath } from '../../storage/media-store.js';

/** Returns the stored files of a tenant, as paths below its folder. */
export async function storedFilesOf(mediaDirectory: string, schema: string): Promise<string[]> {
  const found = await readdir(join(mediaDirectory, schema), { recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return found.map((path) => path.replaceAll('\\', '/')).filter(isStoredPath);
}

/** Gives a tenant files of another one; those that it has, or that are gone meanwhile, are left. */
export async function shareFiles(
  mediaDirectory: string,
  from: string,
  to: string,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const [source, target] = [join(mediaDirectory, from, path), join(mediaDirectory, to, path)];
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await link(source, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST' || error.code === 'ENOENT') return;
      // Not every file system has links. Files never change, so that a copy is as good.
      await copyFile(source, target);
    });
  }
}

/** Removes files of a tenant; missing ones are no error. */
export async function removeFiles(
  mediaDirectory: string,
  schema: string,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) await rm(join(mediaDirectory, schema, path), { force: true });
}
