import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ANALYZE = '/usr/bin/systemd-analyze';
const FOLDER = join('deployment', 'backup');

test.runIf(existsSync(ANALYZE))('the timers and services of backups are valid', async () => {
  const units = mkdtempSync(join(tmpdir(), 'leopard-units-'));
  cpSync(join('deployment', 'systemd'), units, { recursive: true });
  const names = readdirSync(FOLDER).filter((name) => /\.(service|timer)$/.test(name));
  for (const name of names) {
    const text = readFileSync(join(FOLDER, name), 'utf8').replaceAll('/usr/bin/node', process.execPath);
    writeFileSync(join(units, name), text);
  }
  const { code, said } = await promisify(execFile)(
    ANALYZE,
    ['verify', '--man=no', ...names.map((name) => join(units, name))],
    { env: { SYSTEMD_UNIT_PATH: `${units}:`, PATH: process.env.PATH } },
  ).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, said: stdout + stderr }),
  );
  rmSync(units, { recursive: true });
  expect(names).toHaveLength(4);
  expect([code, said.split('\n').filter((line: string) => line.includes('leopard-backup'))]).toEqual([0, []]);
});
