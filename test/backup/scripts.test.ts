import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SCRIPTS = resolve('deployment', 'backup');
const FORMER = "recovery_target_time = '2026-11-01 00:00:00+00'\n";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leopard-scripts-'));
  for (const name of ['20261130T080000Z', '20261130T100000Z']) {
    await mkdir(join(folder, 'base', name), { recursive: true });
    await writeFile(join(folder, 'base', name, 'postgresql.auto.conf'), FORMER);
    await writeFile(join(folder, 'base', name, 'name'), name);
  }
});
afterAll(async () => await rm(folder, { recursive: true }));

async function run(script: string, args: string[], environment: NodeJS.ProcessEnv) {
  const env = {
    PATH: process.env.PATH,
    BASE_BACKUPS: join(folder, 'base'),
    WAL_ARCHIVE: join(folder, 'wal'),
    ...environment,
  };
  return await promisify(execFile)(join(SCRIPTS, script), args, { env }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stderr }) => ({ code, said: stderr }),
  );
}

/** Restores into a new folder. @returns the base backup that was chosen, and the settings of the recovery */
async function restored(name: string, moment: string[], environment: NodeJS.ProcessEnv = {}) {
  const data = join(folder, name);
  expect(await run('restore-to', [data, ...moment], environment)).toMatchObject({ code: 0 });
  const read = (file: string) => readFile(join(data, file), 'utf8');
  const settings = await read('postgresql.auto.conf');
  return { base: await read('name'), target: /.*recovery_target_time = '([^']*)'/s.exec(settings)?.[1] };
}

test('the moment of a restore means the same to the choice of a base backup and to PostgreSQL', async () => {
  for (const [name, moment] of [
    ['utc', '2026-11-30 09:41:00'],
    ['zone', '2026-11-30 12:41:00+03'],
  ] as const) {
    expect(await restored(name, [moment], { TZ: 'Asia/Kathmandu' })).toEqual({
      base: '20261130T080000Z',
      target: '2026-11-30 09:41:00.000000+00',
    });
  }
});

test('the newest state is restored although a former restore to a moment is in the base backup', async () => {
  expect(await restored('newest', [])).toEqual({ base: '20261130T100000Z', target: '' });
});

test('what is no moment is refused', async () => {
  const { code } = await run('restore-to', [join(folder, 'none'), "now' \n archive_command = '"], {});
  expect(code).not.toBe(0);
  expect(await readdir(folder)).not.toContain('none');
});

test('KEEP=0 does not remove every base backup', async () => {
  const programs = join(folder, 'programs');
  await mkdir(programs);
  for (const name of ['pg_basebackup', 'pg_verifybackup', 'pg_archivecleanup'])
    await writeFile(join(programs, name), '#!/bin/sh\nmkdir -p "$BASE_BACKUPS/unfinished"\n', {
      mode: 0o755,
    });
  const { code, said } = await run('base-backup', [], { KEEP: '0', PG_PROGRAMS: programs });
  expect([code, said]).toEqual([1, expect.stringMatching(/^KEEP is the number/)]);
  expect(await readdir(join(folder, 'base'))).toEqual(['20261130T080000Z', '20261130T100000Z']);
});
