import { readKeysFile, signingEntry } from '../../config/keys-file.js';
import { statOf } from '../../platform/folders.js';
import { ok, type ProductionCheck, problem, warning } from '../check.js';

const DAY_MS = 86_400_000;
/** Age of a signing key, in days, from which another one should take its place. */
const OLD_AFTER_DAYS = 366;

/** Checks the file of the keys that `leopard keys rotate` makes. */
export const keysFileCheck: ProductionCheck = {
  name: 'keys file',
  async run({ config, now = Date.now }) {
    const { keysFile: file } = config.sessions;
    const stat = statOf(file);
    if (!stat) return [ok('there is none: SECRET_KEY signs alone')];
    const lines = [];
    if ((stat.mode & 0o077) !== 0)
      lines.push(problem(`others than its owner may use the keys in ${file}`, `run: chmod 600 ${file}`));
    const signing = signingEntry(readKeysFile(file), now());
    const days = signing ? Math.floor((now() - Date.parse(signing.created_at)) / DAY_MS) : 0;
    if (days > OLD_AFTER_DAYS)
      lines.push(
        warning(
          `the key that signs is ${days} days old`,
          'run leopard keys rotate, and copy the file to all machines',
        ),
      );
    return lines.length > 0 ? lines : [ok(`${file} belongs to its owner alone`)];
  },
};
