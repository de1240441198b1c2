import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { layoutOf } from '../../src/database/embedded/layout.js';
import { serverSettings } from '../../src/database/embedded/server-settings.js';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { type AgencyNeeds, needsOf, PER_AGENCY } from '../../src/production/agency-needs.js';
import { testDatabase } from '../helpers/database.js';

// What doctor computes, docs/scale.md says, and the files of deployment/postgresql and the embedded server hold.

const MEBIBYTE = 1024 ** 2;
const read = (...path: string[]) => readFileSync(join(PACKAGE_ROOT, ...path), 'utf8');

it('an agency is as large as the formula says', async () => {
  const database = await testDatabase();
  try {
    const [found] = await withOwner(database.owner, async (client) => {
      const { rows } = await client.query(
        `SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'S'))::integer AS locks,
           count(*)::integer + 2 * count(*) FILTER (WHERE c.reltoastrelid <> 0)::integer AS files
         FROM pg_class c WHERE c.relnamespace = 'tenant_main'::regnamespace`,
      );
      return rows;
    });
    expect(Math.abs(found.locks / PER_AGENCY.locks - 1)).toBeLessThan(0.15);
    expect(Math.abs(found.files / PER_AGENCY.files - 1)).toBeLessThan(0.15);
  } finally {
    await database.drop();
  }
});

const whole = (value: number) => Math.round(value).toLocaleString('en');
const size = (bytes: number) =>
  bytes >= 1000 * MEBIBYTE ? `${(bytes / MEBIBYTE / 1024).toFixed(1)} GB` : `${whole(bytes / MEBIBYTE)} MB`;

it('docs/scale.md has the table of the formula', () => {
  const numbers = [
    [10, 100],
    [100, 100],
    [1_000, 200],
    [5_000, 400],
  ] as const;
  const columns = numbers.map(([agencies, connections]) => needsOf(agencies, connections));
  const row = (what: string, of: (needs: AgencyNeeds) => string) =>
    `| ${[what, ...columns.map(of)].join(' | ')} |`;
  const table = [
    `| agencies | ${numbers.map(([agencies]) => whole(agencies)).join(' | ')} |`,
    '| --- | ---: | ---: | ---: | ---: |',
    `| \`max_connections\`, for example | ${numbers.map(([, connections]) => connections).join(' | ')} |`,
    row('`max_locks_per_transaction`', ({ maxLocks }) => String(maxLocks)),
    row('the catalogue', ({ catalogueBytes }) => size(catalogueBytes)),
    row('`shared_buffers`, at least', ({ sharedBuffers }) => size(Math.max(sharedBuffers, 128 * MEBIBYTE))),
    row('memory of a connection that has served all', ({ connectionBytes }) => size(connectionBytes)),
    row('`autovacuum_max_workers`', ({ autovacuumWorkers }) => String(autovacuumWorkers)),
    row('`recovery_init_sync_method`', ({ syncfs }) => (syncfs ? 'syncfs' : 'fsync')),
    row('files, and inodes', ({ files }) => whole(files)),
    row('disk, of agencies without records', ({ diskBytes }) => size(diskBytes)),
  ];
  const squeezed = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
  expect(squeezed(read('docs', 'scale.md'))).toContain(squeezed(table.join('\n')));
});

it.each(['small', 'medium', 'large'])(
  'deployment/postgresql/%s.conf is for as many agencies as it says',
  (name) => {
    const text = read('deployment', 'postgresql', `${name}.conf`);
    const agencies = Number(/up to ([\d,]+) agencies/.exec(text)?.[1]?.replace(',', ''));
    const setting = (of: string) => new RegExp(`^${of} = (\\S+)`, 'm').exec(text)?.[1] ?? '';
    const needs = needsOf(agencies, Number(setting('max_connections')));
    expect(Number(setting('max_locks_per_transaction'))).toBeGreaterThanOrEqual(needs.maxLocks);
    expect(Number.parseInt(setting('shared_buffers'), 10) * 1024 * MEBIBYTE).toBeGreaterThanOrEqual(
      needs.sharedBuffers,
    );
    expect(Number(setting('autovacuum_max_workers'))).toBeGreaterThanOrEqual(needs.autovacuumWorkers);
    expect(setting('recovery_init_sync_method')).toBe('syncfs');
  },
);

it('the embedded server has locks for a dump of 1,000 agencies', () => {
  const text = serverSettings(layoutOf('/tmp'), 5432);
  const setting = (of: string) => Number(new RegExp(`^${of} = '(\\d+)'`, 'm').exec(text)?.[1]);
  expect(setting('max_locks_per_transaction') * setting('max_connections')).toBeGreaterThan(
    900 * PER_AGENCY.locks,
  );
  if (process.platform === 'linux') expect(text).toContain("recovery_init_sync_method = 'syncfs'");
});
