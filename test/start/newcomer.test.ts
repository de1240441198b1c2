import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { tryPort } from '../../src/platform/try-port.js';
import { snippetsOf } from '../helpers/page-script.js';
import { killAll, Program, postgresOf } from './program.js';

/**
 * The first ten minutes of somebody who follows README word by word: the shell blocks of its section "Run", in a fresh
 * copy of the files known to git. Two things differ: `npm ci` links the installed packages instead of downloading them,
 * and the port is a free one.
 */
const README = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');
const RUN = /^## Run\n(.*?)^## /ms.exec(README)?.[1] ?? '';
const BLOCKS = snippetsOf(RUN).map(({ commands }) => commands);

let home: string;
let copy: string;
let environment: Record<string, string>;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'leopard-newcomer-'));
  copy = join(home, 'leopard');
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  });
  const needed = files.split('\0').filter((name) => name !== '' && !/^(test|bench|docs)\//.test(name));
  for (const name of needed) {
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    cpSync(join(PACKAGE_ROOT, name), join(copy, name), { force: true });
  }
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
  writeFileSync(
    join(bin, 'npm'),
    `#!/bin/sh\nif [ "$1" = ci ]; then exec ln -s '${join(PACKAGE_ROOT, 'node_modules')}' node_modules; fi\nexec '${npm}' "$@"\n`,
  );
  chmodSync(join(bin, 'npm'), 0o755);
  const port = await tryPort('127.0.0.1', 0);
  environment = {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    HOME: home,
    PORT: String(port),
    METRICS_PORT: '0',
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };
});
afterAll(() => {
  killAll([...Program.running, ...postgresOf(home)]);
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

/** Returns a block as typed by the newcomer, on this test's port; each of its commands must succeed. */
const typed = (block: string) => `set -e\n${block.replaceAll(':8000', `:${environment.PORT}`)}`;

it('README leads from a fresh copy to a first client, an agency and a clean bill of health', async () => {
  const [start = '', ...others] = BLOCKS;
  expect(start).toBe('npm ci && npm start\n');
  const program = Program.shell(typed(start), { directory: copy, environment });
  await program.said(/Leopard is ready on port \d+/);
  await program.said(/ doctor$/m);
  for (const login of RUN.matchAll(/`(admin@\w+\.com)` \/ `(\w+)`/g))
    expect(program.stdout).toContain(`${login[1]} / ${login[2]}`);

  const terminal = Program.shell(others.map(typed).join('echo "--- next"\n'), {
    directory: copy,
    environment,
  });
  const { code } = await terminal.ended;
  expect([code, terminal.stderr.replaceAll(/^npm warn .*\n/gm, '')]).toEqual([0, '']);
  const [byCurl = '', ownAgency = '', whenWrong = ''] = terminal.stdout.split('--- next\n');

  const [, found = '', written = ''] = /^(\{"count":.*\]\})(\{.*\})$/s.exec(byCurl.trim()) ?? [];
  expect(JSON.parse(found).results).toHaveLength(1);
  expect(JSON.parse(written)).toMatchObject({ first_name: 'Maya', last_name: 'Newcomer', stage: 'LEAD' });

  expect(ownAgency).toContain('everest.localhost');
  expect(JSON.parse(ownAgency.trim().split('\n').at(-1) ?? '')).toMatchObject({
    access: expect.any(String),
    refresh: expect.any(String),
  });

  const json = whenWrong.slice(whenWrong.indexOf('\n[') + 1);
  expect(whenWrong.slice(0, whenWrong.length - json.length)).not.toMatch(/ problem /);
  expect(JSON.parse(json)[0]).toMatchObject({ scope: 'shared', number: 1 });

  const pages = [...RUN.matchAll(/<(http:\/\/[^>]+)>/g)].map(([, page]) => new URL(page as string));
  for (const { host, pathname } of pages) {
    const script = typed(
      `curl -s -o /dev/null -w '%{http_code}' -H 'Host: ${host}' 'http://127.0.0.1:8000${pathname}'`,
    );
    const page = Program.shell(script, { directory: copy, environment });
    await page.ended;
    expect([host + pathname, page.stdout]).toEqual([host + pathname, '200']);
  }
  await program.interrupt();
  expect(program.stdout).toMatch(/stopped\n$/);
  expect(postgresOf(home)).toEqual([]);
}, 240_000);

it('npm run dev starts the program anew after a change', async () => {
  const program = Program.shell('npm run dev', { directory: copy, environment });
  await program.said(/Leopard is ready on port \d+/);
  const changed = join(copy, 'src', 'routing', 'openapi', 'home.ts');
  writeFileSync(
    changed,
    readFileSync(changed, 'utf8').replaceAll('<h1>Leopard</h1>', '<h1>Snow leopard</h1>'),
  );
  await program.said(/Leopard is ready on port.*stopped.*Leopard is ready on port \d+/s);
  const page = Program.shell(typed("curl -s -H 'Host: localhost' http://127.0.0.1:8000/"), {
    directory: copy,
    environment,
  });
  await page.ended;
  expect(page.stdout).toContain('<h1>Snow leopard</h1>');
  await program.interrupt();
  expect(program.stdout).toMatch(/stopped\n/);
  expect(postgresOf(home)).toEqual([]);
}, 240_000);
