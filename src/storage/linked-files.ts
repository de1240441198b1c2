import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSchemaName } from '../database/schema-name.js';

/**
 * Gives a tenant's folder of files a second name, by links: what the other folder has already stays there. Copies on
 * volumes without links. May be repeated, also after it was cut off.
 * @param mediaDirectory the folder that holds one folder per tenant
 * @returns number of files
 * @throws the system's error
 */
export async function linkTenantFiles(mediaDirectory: string, from: string, to: string): Promise<number> {
  const folder = (schema: string, ...path: string[]) =>
    join(mediaDirectory, checkSchemaName(schema), ...path);
  let files = 0;
  for (const kind of await readdir(folder(from)).catch(missingIsEmpty)) {
    const names = await readdir(folder(from, kind)).catch(missingIsEmpty);
    if (names.length > 0) await mkdir(folder(to, kind), { recursive: true, mode: 0o700 });
    for (const name of names) {
      if (await linked(folder(from, kind, name), folder(to, kind, name))) files++;
    }
  }
  return files;
}

const PASSED = new Set(['EEXIST', 'ENOENT', 'EISDIR']);
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EXDEV', 'EMLINK']);

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // It has it already, or it was removed meanwhile.
    if (PASSED.has(code)) return code === 'EEXIST';
    if (!NO_LINKS.has(code)) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    return true;
  }
}

function missingIsEmpty(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}
