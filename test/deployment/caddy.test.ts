import { execFile, spawn } from 'node:child_process';
import { accessSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tryPort } from '../../src/platform/try-port.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import { askTls, openHttp2, type TlsTarget } from '../helpers/tls-client.js';

// Caddy with the file of deployment/caddy; its own authority stands for Let's Encrypt.

const PROGRAM = ['/usr/bin/caddy', '/usr/local/bin/caddy', '/opt/homebrew/bin/caddy'].find((path) =>
  existsSync(path),
);
if (!PROGRAM) console.log('Caddy is not installed (apt-get install caddy); its tests are skipped');
const FILE = join('deployment', 'caddy', 'Caddyfile');

describe.skipIf(!PROGRAM)('Caddy', () => {
  let app: TestApp;
  let folder: string;
  let target: TlsTarget;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    app = await startTestApp({ environment: { USE_HTTPS: 'true', TRUSTED_PROXIES: '127.0.0.1' } });
    await seedStaff(app, 'tenant_main');
    folder = mkdtempSync(join(tmpdir(), 'leopard-caddy-'));
    const [port, httpPort] = [await tryPort('127.0.0.1', 0), await tryPort('127.0.0.1', 0)];
    const file = readFileSync(FILE, 'utf8')
      .replace(
        /^\{\n/m,
        `{\n\tadmin off\n\thttp_port ${httpPort}\n\thttps_port ${port}\n\tdefault_bind 127.0.0.1\n\tlocal_certs\n\tskip_install_trust\n`,
      )
      .replaceAll('/var/log/caddy/', `${folder}/`);
    writeFileSync(join(folder, 'Caddyfile'), file);
    const upstream = new URL(app.base).host;
    const child = spawn(
      PROGRAM as string,
      ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
      {
        env: { HOME: folder, XDG_DATA_HOME: folder, LEOPARD_API: upstream, LEOPARD_ASK: upstream },
        stdio: 'ignore',
      },
    );
    process.once('exit', () => child.kill('SIGKILL'));
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    stop = async () => {
      child.kill('SIGTERM');
      await exited;
    };
    const root = join(folder, 'caddy', 'pki', 'authorities', 'local', 'root.crt');
    await vi.waitFor(() => accessSync(root), { timeout: 30_000 });
    target = { port, certificates: readFileSync(root, 'utf8') };
  });
  afterAll(async () => {
    await stop?.();
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('takes its file as it is', async () => {
    await promisify(execFile)(PROGRAM as string, ['validate', '--adapter', 'caddyfile', '--config', FILE]);
  });

  test('gets a certificate for a registered domain with its first visitor, and for no other', async () => {
    await expect
      .poll(async () => (await askTls(target, 'main.localhost', 'GET', '/health/')).status)
      .toBe(200);
    await expect(askTls(target, 'evil.example', 'GET', '/health/')).rejects.toThrow(
      /alert|EPROTO|ECONNRESET/,
    );
  });

  test('a log-in, a live stream and what is closed', async () => {
    const body = { username: 'consultant1', password: PASSWORD };
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'demo.localhost' };
    const { status, json } = await askTls(target, 'main.localhost', 'POST', '/api/token/', {
      body,
      headers: forged,
    });
    expect(status).toBe(200);
    const headers = { authorization: `Bearer ${json.access}` };
    await askTls(target, 'main.localhost', 'GET', '/api/v1/clients/?search=Shrestha', { headers });
    const sessions = await askTls(target, 'main.localhost', 'GET', '/api/v1/sessions/', { headers });
    expect(sessions.text).toContain('127.0.0.1');
    expect(sessions.text).not.toContain('203.0.113.9');
    const stream = await openHttp2(
      target,
      'main.localhost',
      `/api/v1/notifications/stream/?token=${json.access}`,
    );
    await stream.until('connection_established');
    stream.close();
    for (const path of ['/metrics', '/internal/tls/ask/?domain=main.localhost'])
      expect([path, (await askTls(target, 'main.localhost', 'GET', path)).status]).toEqual([path, 404]);
    await expect
      .poll(() => readFileSync(join(folder, 'leopard.log'), 'utf8'))
      .toContain('/api/v1/notifications/stream/');
    expect(readFileSync(join(folder, 'leopard.log'), 'utf8')).not.toMatch(/eyJ|Bearer|Shrestha/);
  });
});
