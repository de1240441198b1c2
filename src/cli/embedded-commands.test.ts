import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../test/helpers/cli.js';
import { processExists } from '../../test/helpers/leaks.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';

const PASSWORD = 'zebra-Crossing-42';

let folder: string;
let settings: NodeJS.ProcessEnv;
let server: ChildProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-'));
  settings = { LEOPARD_DATA_DIR: folder, PORT: '0' };
});
afterAll(() => {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const leopard = (...args: string[]) => runCommand(settings, args);

describe.sequential('with the embedded database', () => {
  it('a command starts it for its own time', async () => {
    const early = await leopard('tenants', 'list');
    expect([early.exitCode, early.stderr]).toEqual([1, expect.stringMatching(/run: leopard migrate$/)]);
    expect((await leopard('doctor')).stdout).toContain('pg_trgm is missing; leopard migrate makes it');
    expect((await leopard('migrate')).exitCode).toBe(0);
    expect((await leopard('doctor')).stdout).toMatch(
      / there is none yet; create one: leopard register_tenant/,
    );
    expect((await leopard('register_tenant', '--name', 'Acme', '--tenant', 'acme')).exitCode).toBe(0);
    const { stdout } = await leopard('doctor');
    expect(stdout).not.toMatch(/problem/);
    // Which includes that the server's own databases are closed to the program.
    expect(stdout).toContain(' nobody has more rights than the program gives');
    expect(stdout).toContain(' it can be served\n');
    expect(stdout).toContain(' those of 1 tenant are as ');
    expect(postmaster()).toBeNull();
  });

  it('a command beside a running program uses the same one', async () => {
    const port = await startServer();
    const before = postmaster();
    const args = [
      'createsuperuser',
      '--schema',
      'acme',
      '--email',
      'boss@acme.example',
      '--password',
      PASSWORD,
    ];
    expect((await leopard(...args)).exitCode).toBe(0);
    expect((await leopard('register_tenant', '--name', 'Late', '--tenant', 'late')).exitCode).toBe(0);
    expect(postmaster()).toBe(before);
    expect(await logIn(port, 'acme-immigrate.localhost')).toBe(200);
    expect(await logIn(port, 'late.localhost')).toBe(401);
    expect((await leopard('deregister_tenant', '--tenant', 'late', '--force')).exitCode).toBe(0);
    expect(await logIn(port, 'late.localhost')).toBe(404);
  });

  it('and the program ends as it should', async () => {
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server?.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(postmaster()).toBeNull();
  });
});

/** Returns the process id of the database server; null while none runs. */
function postmaster(): number | null {
  try {
    const file = join(folder, 'postgresql', 'data', 'postmaster.pid');
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    return processExists(pid) ? pid : null;
  } catch {
    return null;
  }
}

function startServer(): Promise<number> {
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin', 'leopard.js'), 'serve'], {
    cwd: PACKAGE_ROOT,
    env: { PATH: process.env.PATH, HOME: folder, ...settings },
  });
  server = child;
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (text: Buffer) => {
      said += text.toString();
      const ready = /ready on port (\d+)/.exec(said);
      if (ready) resolve(Number(ready[1]));
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', () => reject(new Error(`it ended:\n${said}`)));
  });
}

async function logIn(port: number, host: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const body = JSON.stringify({ username: 'boss@acme.example', password: PASSWORD });
    const headers = { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request({ host: '127.0.0.1', port, path: '/api/token/', method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end(body);
  });
}
