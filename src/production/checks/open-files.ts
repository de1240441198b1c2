import { readFileSync } from 'node:fs';
import { ok, type ProductionCheck, unknown, warning } from '../check.js';

const LIMITS = '/proc/self/limits';
/** Files that a process has open beside its clients' connections. */
const OTHERS = 200;

/** Checks that the process may have as many connections as the settings allow. */
export const openFilesCheck: ProductionCheck = {
  name: 'open files',
  async run({ config }) {
    const wanted = config.limits.connections.most;
    const limit = readLimit();
    if (limit === null)
      return [
        unknown(
          'this system does not tell how many files may be open',
          'compare ulimit -n with MAX_CONNECTIONS',
        ),
      ];
    if (wanted > 0 && limit < wanted + OTHERS)
      return [
        warning(
          `${limit} files may be open, fewer than MAX_CONNECTIONS=${wanted} needs`,
          `set LimitNOFILE=${wanted + OTHERS} in the systemd unit (ulimit -n elsewhere), or lower MAX_CONNECTIONS`,
        ),
      ];
    return [ok(`${limit === Infinity ? 'any number of' : limit} files may be open`)];
  },
};

/** Returns the number of files that may be open; null where the system does not tell it in this way. */
function readLimit(): number | null {
  try {
    const [, limit] = /^Max open files\s+(\S+)/m.exec(readFileSync(LIMITS, 'utf8')) ?? [];
    return limit === 'unlimited' ? Infinity : Number(limit ?? Number.NaN) || null;
  } catch {
    return null;
  }
}
