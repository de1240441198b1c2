import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { bodyLimitsOf } from '../../src/http/body-limits.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { hasNginx, type Nginx, NO_NGINX, startNginx } from '../helpers/nginx.js';
import { notify } from '../helpers/notifications.js';
import { seedStaff } from '../helpers/staff.js';
import { askTls, openHttp2, type TlsTarget } from '../helpers/tls-client.js';

// nginx with the files of deployment/nginx, in front of two API processes.

if (!hasNginx) console.log(NO_NGINX);

const DOMAIN = 'leopard.test';
const HOST = `main.${DOMAIN}`;
const OWN = 'crm.acme.test';
const STREAM = '/api/v1/notifications/stream/';
const ENVIRONMENT = {
  BASE_DOMAIN: DOMAIN,
  USE_HTTPS: 'true',
  TRUSTED_PROXIES: '127.0.0.1',
  ALLOWED_HOSTS: '*',
};

const upstreamOf = ({ base }: TestApp) => new URL(base).host;
const targetOf = ({ httpsPort, certificates }: Nginx): TlsTarget => ({ port: httpsPort, certificates });

describe.skipIf(!hasNginx)('nginx in front of two processes', () => {
  let first: TestApp;
  let second: TestApp;
  let nginx: Nginx;
  let target: TlsTarget;
  let site: string;
  beforeAll(async () => {
    first = await startTestApp({ environment: ENVIRONMENT });
    second = await startTestApp({ environment: ENVIRONMENT, sharing: first });
    await seedStaff(first, 'tenant_main');
    await withOwner(first.databases.owner, (client) =>
      client.query(
        `INSERT INTO public.tenants_domain (domain, tenant_id, is_primary)
         SELECT domain, id, false FROM public.tenants_tenant, unnest($1::text[]) domain
         WHERE schema_name = 'tenant_main'`,
        [[HOST, OWN]],
      ),
    );
    site = mkdtempSync(join(tmpdir(), 'leopard-site-'));
    nginx = await startNginx({
      domain: DOMAIN,
      upstreams: [upstreamOf(first), upstreamOf(second)],
      ownDomains: [OWN],
      siteFolder: site,
    });
    target = targetOf(nginx);
  });
  afterAll(async () => {
    await nginx?.stop();
    await second?.close();
    await first?.close();
    rmSync(site, { recursive: true, force: true });
  });

  const logIn = async (headers = {}, localAddress = '127.0.0.1') =>
    await askTls(target, HOST, 'POST', '/api/token/', {
      ...{ body: { username: 'consultant1', password: PASSWORD }, headers, localAddress },
    });
  const bearer = async () => ({ authorization: `Bearer ${(await logIn()).json.access}` });

  test('a tenant logs in by https, on the platform’s domain and on its own', async () => {
    const answer = await logIn();
    expect([answer.status, answer.headers['strict-transport-security']]).toEqual([
      200,
      expect.stringContaining('max-age'),
    ]);
    const own = await askTls(target, OWN, 'GET', '/api/public/tenant-info/');
    expect(own.json.tenant_id).toBe(1);
    const list = await askTls(target, OWN, 'GET', '/api/v1/', { headers: await bearer() });
    expect(list.json.clients).toBe(`https://${OWN}:${target.port}/api/v1/clients/`);
  });

  test('a name without a certificate gets no answer, and TLS is 1.2 or 1.3', async () => {
    await expect(askTls(target, 'evil.example', 'GET', '/')).rejects.toThrow(/unrecognized name/i);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const tls = { minVersion: version, maxVersion: version };
      expect((await askTls(target, HOST, 'GET', '/health/', tls)).status).toBe(200);
    }
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(askTls(target, HOST, 'GET', '/health/', old)).rejects.toThrow(/protocol version/i);
  });

  test('http leads to https, except challenges for certificates', async () => {
    const plain = `http://127.0.0.1:${nginx.httpPort}`;
    const moved = await fetch(`${plain}/api/v1/?a=b`, { redirect: 'manual' });
    expect([moved.status, moved.headers.get('location')]).toEqual([301, 'https://127.0.0.1/api/v1/?a=b']);
    mkdirSync(join(nginx.folder, 'acme', '.well-known', 'acme-challenge'), { recursive: true });
    writeFileSync(join(nginx.folder, 'acme', '.well-known', 'acme-challenge', 'token'), 'answer');
    expect(await (await fetch(`${plain}/.well-known/acme-challenge/token`)).text()).toBe('answer');
  });

  test('the program sees the client’s address and host, whatever the client claims', async () => {
    const forged = {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-host': 'demo.localhost',
      'x-forwarded-proto': 'http',
      forwarded: 'for=203.0.113.9;host=demo.localhost',
    };
    const { status, json } = await logIn(forged, '127.0.0.2');
    expect(status).toBe(200);
    const headers = { authorization: `Bearer ${json.access}`, ...forged };
    const sessions = await askTls(target, HOST, 'GET', '/api/v1/sessions/', { headers });
    expect(sessions.json.results.map((session: { address: string }) => session.address)).toContain(
      '127.0.0.2',
    );
    expect(sessions.text).not.toContain('203.0.113.9');
  });

  test('a live stream comes by HTTP/2, message by message', async () => {
    const { json } = await logIn();
    const stream = await openHttp2(target, HOST, `${STREAM}?token=${json.access}`);
    expect([stream.headers[':status'], stream.headers['content-type']]).toEqual([200, 'text/event-stream']);
    await stream.until('connection_established');
    await notify(first, 'consultant1', [{ title: 'A title of its own' }]);
    await stream.until('A title of its own');
    stream.close();
  });

  test('what is of the machine’s own concern is closed', async () => {
    for (const path of ['/metrics', '/internal/', '/internal/tls/ask/?domain=main.leopard.test'])
      expect([path, (await askTls(target, HOST, 'GET', path)).status]).toEqual([path, 404]);
  });

  test('a body that the program takes passes, and a larger one is refused in its form', async () => {
    const headers = await bearer();
    const takers = first.app.routes.filter(({ body, upload }) => body ?? upload);
    expect(takers.length).toBeGreaterThan(100);
    for (const route of takers) {
      const { whole } = bodyLimitsOf(route);
      const path = route.path.replace(/:\w+/g, '1');
      expect([path, await expectedBody(target, route.method, path, whole)]).toEqual([path, 100]);
    }
    const tooLong = 90 * 1024 * 1024;
    expect(await expectedBody(target, 'POST', '/api/v1/client-imports/', tooLong)).toBe(413);
    const refused = await askTls(target, HOST, 'POST', '/api/v1/clients/', {
      headers,
      body: Buffer.alloc(3_200_000),
    });
    expect([refused.status, refused.json]).toEqual([413, { detail: 'Request body is too large.' }]);
    const form = `--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${'x'.repeat(8_000_000)}\r\n--b--\r\n`;
    const type = { 'content-type': 'multipart/form-data; boundary=b' };
    const sent = await askTls(target, HOST, 'POST', '/api/v1/client-imports/', {
      ...{ headers: { ...headers, ...type }, body: form },
    });
    expect([sent.status, sent.text]).toEqual([400, expect.stringContaining('file')]); // by the program
  });

  test('answers are compressed where the client can read that', async () => {
    const headers = { ...(await bearer()), 'accept-encoding': 'gzip' };
    const answer = await askTls(target, HOST, 'GET', '/api/v1/permissions/?page_size=100', { headers });
    expect(answer.headers['content-encoding']).toBe('gzip');
  });

  test('the console’s files are served if there are any; its pages are one file', async () => {
    const get = (path: string) => askTls(target, HOST, 'GET', path);
    expect([(await get('/console/')).status, (await get('/console/assets/a.js')).status]).toEqual([404, 404]);
    mkdirSync(join(site, 'console', 'assets'), { recursive: true });
    writeFileSync(join(site, 'console', 'index.html'), '<title>console</title>');
    writeFileSync(join(site, 'console', 'assets', 'a.js'), 'a()');
    chmodSync(site, 0o755);
    for (const path of ['/console/', '/console/clients/7'])
      expect((await get(path)).text).toBe('<title>console</title>');
    const script = await get('/console/assets/a.js');
    expect([script.text, script.headers['cache-control']]).toEqual([
      'a()',
      'public, max-age=31536000, immutable',
    ]);
    expect((await get('/console/assets/none.js')).status).toBe(404);
  });

  test('no log holds a token or a signature', async () => {
    const { json } = await logIn();
    await askTls(target, HOST, 'GET', `/media/tenant_main/a.png?expires=1&signature=SIGNED`);
    await (await openHttp2(target, HOST, `${STREAM}?token=${json.access}`)).close();
    await expect.poll(() => nginx.logs()).toContain(`"path":"${STREAM}"`);
    expect(nginx.logs()).not.toMatch(/eyJ|SIGNED|signature/);
  });
});

/** Announces a body of this size to nginx. @returns 100 when nginx wants it, else the status of the refusal */
function expectedBody({ port, certificates }: TlsTarget, method: string, path: string, size: number) {
  return new Promise<number>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: HOST, ca: certificates }, () =>
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${size}\r\nExpect: 100-continue\r\n\r\n`,
      ),
    );
    socket.on('error', reject).once('data', (head: Buffer) => {
      resolve(Number(head.toString().slice(9, 12)));
      socket.destroy();
    });
  });
}

/** Starts an API process that breaks connections. */
async function breaking(): Promise<{ server: Server; seen: string[]; address: string }> {
  const seen: string[] = [];
  const server = createServer((request) => {
    seen.push(request.method ?? '');
    request.socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, seen, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** An address at which nothing listens. */
const NOBODY = '127.0.0.1:1';

describe.skipIf(!hasNginx)('nginx, when a process fails', () => {
  async function through(upstreams: string[], ask: (target: TlsTarget, nginx: Nginx) => Promise<void>) {
    const nginx = await startNginx({ domain: DOMAIN, upstreams });
    try {
      await ask(targetOf(nginx), nginx);
    } finally {
      await nginx.stop();
    }
  }

  test('a process that is away is noticed by nobody', async () => {
    const app = await startTestApp({ environment: ENVIRONMENT });
    await through([NOBODY, upstreamOf(app)], async (target) => {
      for (let n = 0; n < 6; n++) {
        expect((await askTls(target, HOST, 'GET', '/health/')).status).toBe(200);
        // Nobody's host: the program's own answer.
        const posted = await askTls(target, HOST, 'POST', '/api/token/', { body: { username: 'a' } });
        expect(posted.status).toBe(404);
      }
    });
    await app.close();
  });

  test('a request that was sent is repeated only where that is safe, and the failure has the program’s form', async () => {
    const [one, other] = [await breaking(), await breaking()];
    await through([one.address, other.address], async (target, nginx) => {
      const seenFor = async (method: string) => {
        const before = one.seen.length + other.seen.length;
        const { status, json, headers } = await askTls(target, HOST, method, '/api/v1/clients/', {
          ...(method !== 'GET' && { body: {} }),
        });
        expect([status, json.detail, headers['retry-after']]).toEqual([
          502,
          'The service is not available at the moment.',
          '2',
        ]);
        return one.seen.length + other.seen.length - before;
      };
      expect([await seenFor('GET'), await seenFor('POST'), await seenFor('PATCH')]).toEqual([2, 1, 1]);
      await askTls(target, HOST, 'GET', `${STREAM}?token=eyJsecret`);
      await askTls(target, HOST, 'GET', '/media/a?signature=SIGNED');
      await askTls(target, HOST, 'GET', '/api/v1/clients/?search=Thapa');
      await expect
        .poll(() => nginx.logs())
        .toMatch(/"path":"\/api\/v1\/clients\/".*"upstream_status":"502, 502"/);
      expect(nginx.logs()).not.toMatch(/eyJsecret|SIGNED|Thapa/);
    });
    one.server.close();
    other.server.close();
  });
});
