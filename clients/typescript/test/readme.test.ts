import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { setUpTotp } from '../../../test/auth/factors.js';
import { PASSWORD } from '../../../test/helpers/app.js';
import { type Agency, startAgency } from './agency.js';
import { installedPackage } from './packed.js';

// The code of the README, one program from top to bottom, is compiled and run.

const run = promisify(execFile);
const README = new URL('../README.md', import.meta.url);
/** The part of a browser that the program uses. */
const BROWSER = `globalThis.localStorage = (() => {
  const entries = new Map();
  return { getItem: (key) => entries.get(key) ?? null, setItem: (key, value) => entries.set(key, value), removeItem: (key) => entries.delete(key) };
})();\n`;

vi.setConfig({ testTimeout: 120_000 });
let agency: Agency;
let folder: string;
beforeAll(async () => {
  agency = await startAgency();
  folder = await mkdtemp(join(tmpdir(), 'leopard-client-'));
  await symlink(join(await installedPackage(), 'node_modules'), join(folder, 'node_modules'));
}, 240_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await agency?.close();
});

test('compiles, and does what it says', async () => {
  const blocks = (await readFile(README, 'utf8')).matchAll(/^```ts\n([\s\S]*?)^```$/gm);
  const { recovery } = await setUpTotp(agency.app, await agency.app.logIn('branch1'));
  const program = [...blocks]
    .map(([, code]) => code)
    .join('\n')
    .replaceAll('https://main.example.com', agency.app.base)
    .replace("username: 'maya'", "username: 'admin'")
    .replace("username: 'maya'", "username: 'branch1'")
    .replaceAll("'secret'", `'${PASSWORD}'`)
    .replace('123456', recovery[0] as string);
  await writeFile(join(folder, 'readme.ts'), program);
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  const root = createRequire(new URL('../../../package.json', import.meta.url));
  const compiler = join(dirname(root.resolve('typescript/package.json')), 'bin', 'tsc');
  const options =
    '--strict --target ES2022 --module NodeNext --lib ES2022,DOM,DOM.AsyncIterable --types --skipLibCheck';
  const compiled = run(process.execPath, [compiler, ...options.split(' '), 'readme.ts'], { cwd: folder });
  expect(
    await compiled.then(
      () => '',
      ({ stdout }) => stdout,
    ),
  ).toBe('');
  const script = join(folder, 'readme.js');
  await writeFile(join(folder, 'browser.js'), BROWSER);
  const { stdout } = await run(process.execPath, ['--import', './browser.js', script], {
    cwd: folder,
    timeout: 60_000,
  });
  expect(stdout.trim().split('\n')).toEqual([
    'signed in as admin of main',
    'FOLLOW_UP, found 1',
    'first_name: This field may not be blank.',
    'signed in',
    'a page of 1',
    'Łucja',
    'stream connecting',
    'stream open',
    'stream ended',
    'ended: aborted',
    'sent all',
    '1 row',
    'true true',
  ]);
});
