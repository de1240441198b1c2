import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyBuiltTree } from '../helpers/built-tree.js';
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

it('a tree that is built starts with what `npm ci --omit=dev` installs', async () => {
  const names = [
    'bin',
    'src',
    'dist',
    'data',
    'migrations',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ];
  copyBuiltTree(copy, names);
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
