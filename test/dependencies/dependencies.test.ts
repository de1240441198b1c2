import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../architecture/sources.js';
import { isAllowed, licenceBreaches, ownLicenceBreaches } from './licences.js';
import { vendoredBreaches } from './vendored-files.js';

it('has only packages under allowed licences, and files as they were published', () => {
  expect([...ownLicenceBreaches(), ...vendoredBreaches()]).toEqual([]);
});

it.each([
  ['MIT', true],
  ['GPL-3.0-only', false],
  ['MIT OR GPL-3.0-only', true],
  ['(MIT AND GPL-3.0-only)', false],
  ['(MIT OR GPL-3.0-only) AND ISC', true],
  ['(GPL-2.0-only OR GPL-3.0-only) AND ISC', false],
])('understands the licence %s', (expression, allowed) => {
  expect(isAllowed(expression, (licence) => licence === 'MIT' || licence === 'ISC')).toBe(allowed);
});

it('names packages whose licence is another or unknown; what only tools may have is not shipped', () => {
  const breaches = licenceBreaches({
    'node_modules/fine': { license: 'MIT' },
    'node_modules/copyleft': { license: 'AGPL-3.0-only', dev: true },
    'node_modules/a/node_modules/unknown': {},
    'node_modules/lightningcss': { license: 'MPL-2.0', dev: true },
    'node_modules/lightningcss-linux-x64-gnu': { license: 'MPL-2.0' },
    '': { license: 'UNLICENSED' },
    'clients/typescript': { license: 'UNLICENSED' },
    'node_modules/leopard-client': { link: true },
    'clients/typescript/node_modules/copyleft': { license: 'AGPL-3.0-only' },
  });
  expect(breaches.map((line) => line.split(' ')[0])).toEqual([
    'node_modules/copyleft',
    'node_modules/a/node_modules/unknown',
    'node_modules/lightningcss-linux-x64-gnu',
    'clients/typescript/node_modules/copyleft',
  ]);
});

it('ships nothing that reports installations or use', () => {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  expect(lock).not.toMatch(/scarf|redoc"/);
});

it('prints a bill of materials of what is shipped', () => {
  const run = ['--import', 'tsx', 'test/dependencies/sbom.ts'];
  const bill = JSON.parse(
    execFileSync(process.execPath, run, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );
  const names: string[] = bill.components.map(({ name }: { name: string }) => name);
  expect(bill.bomFormat).toBe('CycloneDX');
  expect(names).toEqual(
    expect.arrayContaining(['fastify', 'pg', 'redoc', 'swagger-ui-dist', 'react-dom', 'scheduler']),
  );
  expect(names).not.toContain('vitest');
  expect(names).not.toContain('leopard-client');
});
