import { statOf } from '../../platform/folders.js';
import { freeSpace } from '../../storage/free-space.js';
import {
  type CheckContext,
  type Line,
  type Lines,
  ok,
  type ProductionCheck,
  problem,
  warning,
} from '../check.js';

const OTHERS = 0o007;
const LEVELS = { low: warning, full: problem } as const;

/**
 * Checks that backups are kept where neither others nor the loss of one disk reach them. How old they are says the
 * check `backups`.
 */
export const backupFolderCheck: ProductionCheck = {
  name: 'backup folder',
  async run(context) {
    const { directory } = context.config.backups;
    if (directory === null) return [ok('there is none: BACKUP_DIR is not set')];
    return ofFolder(directory, context);
  },
};

function ofFolder(directory: string, { config }: CheckContext): Lines {
  const stat = statOf(directory);
  if (!stat && !config.services.has('scheduler')) return [ok('not here: no scheduler (LEOPARD_SERVICES)')];
  if (!stat?.isDirectory())
    return [
      problem(
        `there is no folder ${directory} that this user may look into, so no backup either`,
        'create it for the user of the program, or run leopard backup due, and see the log of the scheduler',
      ),
    ];
  const lines: Line[] = [];
  if ((stat.mode & OTHERS) !== 0)
    lines.push(problem(`others on this machine may look into ${directory}`, `run: chmod o-rwx ${directory}`));
  const others = {
    'the uploaded files': config.mediaDirectory,
    ...(config.database.kind === 'embedded' && { 'the database': config.database.directory }),
  };
  for (const [what, folder] of Object.entries(others)) {
    if (statOf(folder)?.dev !== stat.dev) continue;
    lines.push(
      warning(
        `backups are on the same disk as ${what}, and are lost with it`,
        'set BACKUP_DIR to another disk, or copy the folder to another machine every night',
      ),
    );
  }
  for (const { level, text } of freeSpace([{ folder: directory, holds: 'backups' }])) {
    const [what = text, mend = 'make room on that disk'] = text.split('; ');
    if (level !== 'ok') lines.push(LEVELS[level](what, `${mend}, or lower BACKUP_KEEP_DAYS`));
  }
  return lines.length > 0 ? lines : [ok(`${directory}, on a disk of its own`)];
}
