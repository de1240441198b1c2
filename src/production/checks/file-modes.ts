import type { Stats } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { statOf } from '../../platform/folders.js';
import { PACKAGE_ROOT } from '../../platform/package-root.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

/** Rights of the group and of others. A group may read, such as the group of the service. */
const GROUP_WRITES = 0o020;
const OTHERS = 0o007;
const OTHERS_WRITE = 0o002;

/** Checks that nobody else on the machine reads secrets and records, or changes the program. */
export const fileModesCheck: ProductionCheck = {
  name: 'file modes',
  async run({ config, directory }) {
    const lines = [
      ...secrets(config, directory).flatMap(ofSecret),
      ...ofFolder(config.mediaDirectory, OTHERS),
      // Others may see its names; what is in it has modes of its own.
      ...ofFolder(config.dataDirectory, OTHERS_WRITE),
      ...['bin', 'dist', 'src', 'data', 'migrations'].flatMap((name) => ofProgram(join(PACKAGE_ROOT, name))),
    ];
    return lines.length > 0 ? lines : [ok('secrets, records and program are closed to others')];
  },
};

/** Returns the files with secrets. The file of keys has a check of its own. */
function secrets({ dataDirectory, database, securityLog }: Config, directory: string): string[] {
  return [
    join(directory, '.env'),
    join(dataDirectory, 'secret-key'),
    ...(database.kind === 'embedded' ? [join(database.directory, 'passwords.json')] : []),
    ...(securityLog.file ? [securityLog.file] : []),
  ];
}

function ofSecret(path: string): Line[] {
  const stat = statOf(path);
  if (!stat) return [];
  const lines: Line[] = [];
  if ((stat.mode & (OTHERS | GROUP_WRITES)) !== 0)
    lines.push(
      problem(
        `${path} has the mode ${modeOf(stat)}: others on this machine may use it`,
        `run: chmod 600 ${path}`,
      ),
    );
  if (!isTrusted(stat))
    lines.push(
      problem(
        `${path} belongs to another user (id ${stat.uid}), who can read and change it`,
        `run: chown root ${path}, or to the user of the program`,
      ),
    );
  return lines;
}

function ofFolder(path: string, forbidden: number): Line[] {
  const stat = statOf(path);
  if (!stat || (stat.mode & forbidden) === 0) return [];
  const [report, what] = (stat.mode & OTHERS_WRITE) !== 0 ? [problem, 'change'] : [warning, 'look into'];
  return [
    report(
      `others on this machine may ${what} the folder ${path} (mode ${modeOf(stat)})`,
      `run: chmod o-rwx ${path}`,
    ),
  ];
}

function ofProgram(path: string): Line[] {
  const stat = statOf(path);
  if (!stat || (stat.mode & OTHERS_WRITE) === 0) return [];
  return [problem(`others on this machine may change the program in ${path}`, `run: chmod -R o-w ${path}`)];
}

/** Returns whether a file is root's, the program's own, or that of a user who runs this check. */
function isTrusted({ uid }: Stats): boolean {
  const own = process.geteuid?.();
  return own === undefined || own === 0 || uid === 0 || uid === own;
}

const modeOf = ({ mode }: Stats) => (mode & 0o777).toString(8).padStart(3, '0');
