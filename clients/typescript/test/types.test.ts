import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { installedPackage } from './packed.js';

// Programs that use the published package are compiled as their authors would, with the compilers of two years.

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('program/typed.ts', import.meta.url));
const compilerOf = (url: string) =>
  join(dirname(createRequire(url).resolve('typescript/package.json')), 'bin', 'tsc');
const COMPILERS = {
  5: compilerOf(new URL('../package.json', import.meta.url).href),
  7: compilerOf(new URL('../../../package.json', import.meta.url).href),
};
const OPTIONS = {
  browser: {
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2022', 'DOM', 'DOM.AsyncIterable'],
    types: [],
  },
  node: { module: 'NodeNext', lib: ['ES2022'], types: ['node'], exactOptionalPropertyTypes: true },
};

vi.setConfig({ testTimeout: 120_000 });
let folder: string;
beforeAll(async () => {
  const installed = await installedPackage();
  folder = await mkdtemp(join(tmpdir(), 'leopard-client-'));
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@types'), { recursive: true });
  for (const name of ['leopard-client', 'openapi-fetch', 'openapi-typescript-helpers'])
    await symlink(join(installed, 'node_modules', name), join(modules, name));
  const require = createRequire(import.meta.url);
  await symlink(dirname(require.resolve('@types/node/package.json')), join(modules, '@types', 'node'));
  await copyFile(PROGRAM, join(folder, 'typed.ts'));
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  for (const [name, options] of Object.entries(OPTIONS)) {
    const compilerOptions = { target: 'ES2022', strict: true, noEmit: true, ...options };
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  }
}, 240_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Returns what the compiler says. */
async function compile(version: keyof typeof COMPILERS, project: string): Promise<string> {
  // The older one is slow; the newer one checks the declarations of the packages too.
  const skip = version === 5 ? ['--skipLibCheck'] : [];
  const done = run(process.execPath, [COMPILERS[version], '-p', project, ...skip], { cwd: folder });
  return await done.then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout,
  );
}

test.each([
  [5, 'browser'],
  [7, 'browser'],
  [7, 'node'],
] as const)(
  'TypeScript %i, in %s: what is right compiles, and what is wrong does not',
  async (version, place) => {
    expect(await compile(version, `${place}.json`)).toBe('');
  },
);

test('without the marks each wrong line is an error', async () => {
  const text = await readFile(PROGRAM, 'utf8');
  const marks = text.match(/@ts-expect-error/g) ?? [];
  await writeFile(join(folder, 'unmarked.ts'), text.replaceAll('@ts-expect-error', ''));
  await writeFile(
    join(folder, 'unmarked.json'),
    JSON.stringify({ extends: './browser.json', files: ['unmarked.ts'] }),
  );
  const errors = (await compile(7, 'unmarked.json')).match(/^unmarked\.ts\(\d+/gm) ?? [];
  expect(new Set(errors).size).toBe(marks.length);
});
