import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { settingsFor } from '../helpers/cli.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { killAll, Program } from './program.js';

let app: TestApp;
let folder: string;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  folder = mkdtempSync(join(tmpdir(), 'leopard-log-'));
});
afterAll(async () => {
  killAll([...Program.running]);
  rmSync(folder, { recursive: true, force: true });
  await app?.close();
});

type Line = Record<string, unknown>;

/** Returns the log lines of a started program so far; fails on a line that is not JSON. */
const linesOf = ({ stdout }: Program): Line[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

function ask(port: string, path: string, token?: string): Promise<string> {
  const headers = { host: 'main.localhost', ...(token && { authorization: `Bearer ${token}` }) };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(String(answer.headers['x-request-id'])));
    })
      .once('error', reject)
      .end();
  });
}

it('in production every line is JSON, and those of requests name the request, the tenant and the user', async () => {
  const environment = {
    ...(settingsFor(app.databases, folder) as Record<string, string>),
    SECRET_KEY: app.config.secretKey,
    PORT: '0',
    METRICS_PORT: '0',
    LOG_LEVEL: 'info',
  };
  const program = Program.leopard(['serve'], { directory: folder, environment });
  const [, port = ''] = await program.said(/Leopard is ready on port (\d+)/);
  const names = [
    await ask(port, '/api/v1/clients/?search=x', await app.logIn('admin')),
    await ask(port, '/api/v1/clients/'),
  ];
  expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(program.stderr).toBe('');
  const lines = linesOf(program);
  const messages = lines.map(({ msg }) => msg);
  expect(messages).toContain(`http://main.localhost:${port}/`);
  expect(messages.slice(-2)).toEqual(['stopping', 'stopped']);
  const requests = lines.filter(({ msg }) => msg === 'request');
  expect(requests).toMatchObject([
    {
      reqId: names[0],
      path: '/api/v1/clients/',
      status: 200,
      tenant: 'tenant_main',
      user: idOf('admin'),
    },
    { reqId: names[1], path: '/api/v1/clients/', status: 401 },
  ]);
});

it('a start that fails says why in the log too, and in words on stderr', async () => {
  const environment = {
    ...(settingsFor(app.databases, folder) as Record<string, string>),
    PORT: '0',
    DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c',
    DATABASE_OWNER_URL: '',
  };
  const program = Program.leopard(['serve'], { directory: folder, environment });
  expect((await program.ended).code).toBe(1);
  expect(program.stderr).toMatch(/^cannot reach PostgreSQL at 127\.0\.0\.1:1.*\n$/);
  expect(linesOf(program).at(-1)).toMatchObject({ level: 60, err: { message: program.stderr.trim() } });
});
