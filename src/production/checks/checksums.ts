import { listed } from '../../database/tenant-diagnosis.js';
import { ok, type ProductionCheck, problem, warning } from '../check.js';

interface Facts {
  readonly checksums: string;
  readonly failures: readonly string[];
}

const FACTS = `
  SELECT current_setting('data_checksums') AS checksums,
    ARRAY(SELECT format('%s in %s, the last at %s', checksum_failures, coalesce(datname, 'shared tables'), checksum_last_failure)
          FROM pg_catalog.pg_stat_database WHERE checksum_failures > 0 ORDER BY datname) AS failures`;

/** Checks that a failing disk is noticed, and has not been. */
export const checksumsCheck: ProductionCheck = {
  name: 'data checksums',
  async ask(client) {
    const { rows } = await client.query<Facts>(FACTS);
    const { checksums, failures } = rows[0]!;
    if (failures.length > 0)
      return [
        problem(
          `PostgreSQL has read damaged pages: ${listed(failures)}`,
          'look at the disk and its controller, and restore from a backup onto another one',
        ),
      ];
    if (checksums !== 'on')
      return [
        warning(
          'data checksums are off: pages that a disk has damaged are given out as they are',
          'stop PostgreSQL and run pg_checksums --enable',
        ),
      ];
    return [ok('data checksums are on, and none has failed')];
  },
};
