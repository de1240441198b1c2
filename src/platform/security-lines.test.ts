import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { divertSecurityLines, openSecurityLines, writeSecurityLine } from './security-lines.js';

const folder = mkdtempSync(join(tmpdir(), 'leopard-lines-'));
afterAll(() => {
  divertSecurityLines(null);
  rmSync(folder, { recursive: true });
});

test('lines are appended to a file for its owner alone, whoever made it', () => {
  const file = join(folder, 'security.log');
  writeFileSync(file, 'earlier\n');
  chmodSync(file, 0o644);
  openSecurityLines(file);
  writeSecurityLine({ event: 'login', tenant: 'tenant_main' });
  writeSecurityLine({ event: 'logout' });
  const [earlier, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  expect(earlier).toBe('earlier');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { log: 'security', event: 'login', tenant: 'tenant_main', time: expect.any(Number) },
    { log: 'security', event: 'logout' },
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file that cannot be opened is an error at once', () => {
  expect(() => openSecurityLines(join(folder, 'missing', 'security.log'))).toThrow('ENOENT');
});
