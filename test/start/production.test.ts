import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { cliSurroundings } from '../helpers/cli.js';
import { killAll, Program } from './program.js';

let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
let copy: string;
beforeAll(async () => {
  surroundings = await cliSurroundings();
  copy = mkdtempSync(join(tmpdir(), 'leopard-production-'));
  await Program.leopard(['--version'], { directory: copy }).ended; // builds what is stale
});
afterAll(async () => {
  killAll([...Program.running]);
  rmSync(copy, { recursive: true, force: true });
  await surroundings?.close();
});

interface Locked {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** Installs what `npm ci --omit=dev` would, by links instead of downloads; nested packages come along. */
function installWithoutTools(): void {
  const lock = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package-lock.json'), 'utf8')) as Locked;
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const isOwn = /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path);
    if (!isOwn || dev || !existsSync(join(PACKAGE_ROOT, path))) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    symlinkSync(join(PACKAGE_ROOT, path), join(copy, path));
  }
}

it('a tree that is built starts with what `npm ci --omit=dev` installs', async () => {
  for (const name of [
    'bin',
    'src',
    'dist',
    'data',
    'migrations',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ])
    cpSync(join(PACKAGE_ROOT, name), join(copy, name), { recursive: true });
  installWithoutTools();
  expect(readdirSync(join(copy, 'node_modules'))).not.toContain('typescript');
  const { PATH: _path, ...settings } = surroundings.settings as Record<string, string>;
  const environment = { ...settings, PORT: '0', METRICS_PORT: '0' };
  const program = Program.leopard(['serve'], {
    directory: copy,
    environment,
    program: join(copy, 'bin', 'leopard.js'),
  });
  const [, port] = await program.said(/ready on port (\d+)/);
  expect(
    (
      await fetch(`http://127.0.0.1:${port}/api/docs/assets/redoc.standalone.js`, {
        headers: { host: 'localhost' },
      })
    ).status,
  ).toBe(200);
  expect((await fetch(`http://localhost:${port}/`)).status).toBe(200);
  expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

it('a tree that is not built says what to do where its tools are not installed', async () => {
  rmSync(join(copy, 'dist'), { recursive: true });
  const program = Program.leopard(['serve'], { directory: copy, program: join(copy, 'bin', 'leopard.js') });
  expect((await program.ended).code).toBe(1);
  expect(program.stderr).toBe(
    'Leopard is not built, and the tools for it are not installed; run npm ci without --omit=dev, or copy the folder dist from where `npm run build` was run\n',
  );
});
