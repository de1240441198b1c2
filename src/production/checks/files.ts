import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { whyNotWritable } from '../../platform/folders.js';
import { PACKAGE_ROOT } from '../../platform/package-root.js';
import { wayOutOf } from '../../platform/system-errors.js';
import { type Line, ok, type ProductionCheck, problem } from '../check.js';

/** Files that the program serves or reads while it runs, below its own folder. */
const OWN_FILES = [
  'data/api-docs/redoc.standalone.js',
  'data/api-docs/swagger-ui-bundle.js',
  'data/common-passwords.txt',
  'data/breached-passwords.bin',
  'migrations/tenant-snapshot.sql',
];

/** Checks that files which come with the program can be read, and that uploaded ones can be stored and read again. */
export const filesCheck: ProductionCheck = {
  name: 'files',
  async run({ config }) {
    const lines = OWN_FILES.flatMap((name) => ofOwnFile(join(PACKAGE_ROOT, name)));
    if (config.services.has('api'))
      lines.push(...(await ofMedia(config.mediaDirectory, config.dataDirectory)));
    return lines.length > 0 ? lines : [ok(`uploaded files are stored in ${config.mediaDirectory}`)];
  },
};

function ofOwnFile(path: string): Line[] {
  try {
    accessSync(path, constants.R_OK);
    return [];
  } catch (error) {
    return [
      problem(
        `a file of the program cannot be read: ${(error as Error).message}`,
        `copy ${relative(PACKAGE_ROOT, path)} from the release again, readable for the user of the program`,
      ),
    ];
  }
}

async function ofMedia(folder: string, dataDirectory: string): Promise<Line[]> {
  const file = join(folder, `.check-${randomUUID()}`);
  const text = randomUUID();
  try {
    const reason = whyNotWritable(folder);
    if (reason !== null) throw new Error(reason);
    // A folder that is missing stays so: the program creates it, as its own user.
    if (existsSync(folder)) {
      await writeFile(file, text, { mode: 0o600, flag: 'wx' });
      if ((await readFile(file, 'utf8')) !== text)
        throw new Error('a file has other content than was written');
    }
  } catch (error) {
    return [
      problem(
        `uploaded files cannot be stored in ${folder} (${(error as Error).message})`,
        wayOutOf(error, 'set MEDIA_DIR to a folder that the user of the program may write to'),
      ),
    ];
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
  const own = relative(PACKAGE_ROOT, folder);
  if (own.startsWith('..') || own.startsWith(relative(PACKAGE_ROOT, dataDirectory))) return [];
  return [
    problem(
      `uploaded files are in the folder of the program (${folder}), which the next release replaces`,
      'move them, and set MEDIA_DIR to a folder outside',
    ),
  ];
}
