import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { JOBS } from '../../src/app/jobs.js';
import { backupsJob } from '../../src/backup/backups-job.js';
import { loadConfig } from '../../src/config/config.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import { movesJob } from '../../src/moving/moves-job.js';
import { deletedTenantsJob } from '../../src/provisioning/deleted-tenants-job.js';

test('the page lists every job with its interval', () => {
  const page = readFileSync('docs/scheduled-work.md', 'utf8');
  const settings = {
    SECRET_KEY: 'k7Jq2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKi',
    BACKUP_DIR: '/tmp',
    LEOPARD_DATA_DIR: '/tmp',
  };
  const owner = { host: 'localhost', port: 5432, database: 'leopard', user: 'owner', password: 'secret' };
  const handle = { kind: 'server', app: owner, owner } as unknown as DatabaseHandle;
  const all = [
    ...JOBS,
    movesJob(owner),
    ...backupsJob(loadConfig(settings, '/tmp'), owner),
    ...deletedTenantsJob('/tmp', handle),
  ];
  const units = { s: 1, min: 60, hour: 3_600, hours: 3_600 } as const;
  const listed = [...page.matchAll(/^\| `([\w-]+)` +\| (\d+) (s|min|hours?) +\|/gm)].map(
    ([, name, number, unit]) => [name, Number(number) * units[unit as keyof typeof units]],
  );
  expect(listed).toEqual(all.map(({ name, every }) => [name, every]));
});
