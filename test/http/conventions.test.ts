import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repairUrl } from '../../src/routing/path-table.js';
import { ADDITIONS } from '../contract/additions.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

const CLIENTS = '/api/v1/clients/';
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE'];
const UNKNOWN = { detail: 'Not found.' };

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

describe('a missing slash', () => {
  test.each(METHODS)('is added for %s, with the query and before any log-in', async (method) => {
    for (const [path, location] of [
      ['/api/v1/clients', '/api/v1/clients/'],
      ['/api/v1/clients/7/timeline?page=2&a=%2F', '/api/v1/clients/7/timeline/?page=2&a=%2F'],
      ['/api/token?', '/api/token/?'],
      ['/api/v1', '/api/v1/'],
      ['/api/docs', '/api/docs/'],
      ['/health', '/health/'],
    ] as const) {
      const { status, headers, raw } = await app.ask(method, path);
      expect([status, headers.location, raw.length]).toEqual([301, location, 0]);
      expect([headers.vary, headers.allow]).toEqual(['origin', undefined]);
    }
  });

  test('is added where the path is served: on the bare hosts only there', async () => {
    const at = (path: string, host: string) => app.ask('GET', path, { headers: { host } });
    expect((await at('/health', 'nobody.example.com')).status).toBe(301);
    expect((await at('/api/docs', 'localhost')).status).toBe(301);
    expect((await at('/api/v1/clients', 'localhost')).status).toBe(404);
    expect((await at('/api/v1/clients', 'nobody.example.com')).status).toBe(404);
  });
});

describe('unknown paths', () => {
  test.each([
    '/nothing',
    '/nothing/',
    '/api/',
    '/api/v2/clients/',
    '/api/v1/clients.json',
    '/api/v1/clients/7.json/x/',
    '/api/v1/clients//',
    '//api/v1/clients/',
    '//evil.example.com/',
    '/API/v1/clients/',
    '/api/v1/clients/1/2/',
    '/api/v1/clients/../clients/',
    '/media/',
    '/.env',
  ])('%s', async (path) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const { status, body, headers } = await app.ask(method, path);
      expect([status, body, headers.vary]).toEqual([404, UNKNOWN, 'origin']);
    }
  });

  test('what does not decode in a path is a record that is not there', async () => {
    const ids = ['%', '%ZZ', '%ff', '%00', '%C3%28', '1%2F2', '9'.repeat(8000), '%F0%9F%98%80'];
    for (const id of ids) {
      expect((await app.ask('GET', `${CLIENTS}${id}/`)).status).toBe(401);
      const { status, body, headers } = await app.ask('GET', `${CLIENTS}${id}/`, { token });
      expect([id, status, body]).toEqual([id, 404, { detail: 'Client not found' }]);
      expect(headers.allow).toBe('GET, PUT, PATCH, DELETE, HEAD, OPTIONS');
    }
  });

  test('addresses are repaired in the path alone', () => {
    expect(repairUrl('/a/b/?c=%')).toBe('/a/b/?c=%');
    expect(repairUrl('/a%20b/%E0%A4%A8/')).toBe('/a%20b/%E0%A4%A8/');
    expect(repairUrl('/100%/%41%FF/?%')).toBe('/100%25/%EF%BF%BD/?%');
  });
});

describe('Accept', () => {
  const status = async (accept: string) =>
    (await app.ask('GET', CLIENTS, { token, headers: { accept } })).status;

  test.each([
    '*/*',
    'application/json',
    'application/*',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html, application/json;q=0.1',
    '',
  ])('%j lets the answer be JSON', async (accept) => {
    const answer = await app.ask('GET', CLIENTS, { token, headers: { accept } });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
  });

  test.each(['text/html', 'image/png', 'application/xml, text/*', 'application/json;q=0', '*/*;q=0.0'])(
    '%j rules JSON out',
    async (accept) => {
      const answer = await app.ask('GET', CLIENTS, { token, headers: { accept } });
      expect([answer.status, answer.body]).toEqual([
        406,
        { detail: 'Could not satisfy the request Accept header.' },
      ]);
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
      expect([answer.headers.vary, answer.headers.allow]).toEqual([
        'Accept, origin',
        'GET, POST, HEAD, OPTIONS',
      ]);
    },
  );

  test('health and pages answer whatever is accepted', async () => {
    for (const path of ['/health/', '/api/docs/', '/api/schema/']) {
      expect((await app.ask('GET', path, { headers: { accept: 'image/png' } })).status).toBe(200);
    }
    expect(await status('text/html')).toBe(406);
  });

  test('?format=json changes nothing', async () => {
    const plain = await app.ask('GET', `${CLIENTS}?page_size=1`, { token });
    const formatted = await app.ask('GET', `${CLIENTS}?page_size=1&format=json`, { token });
    expect([formatted.status, formatted.body]).toEqual([200, plain.body]);
    expect((await app.ask('GET', '/health/?format=json')).status).toBe(200);
  });
});

describe('Allow and Vary', () => {
  test('stand on every answer of the API, whatever its status', async () => {
    const one = `${CLIENTS}999999/`;
    const record = 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS';
    const list = 'GET, POST, HEAD, OPTIONS';
    const text = { headers: { 'content-type': 'text/plain' }, body: 'x' };
    const cases = [
      ['GET', CLIENTS, { token }, 200, list],
      ['GET', CLIENTS, {}, 401, list],
      ['GET', `${CLIENTS}?page=99`, { token }, 404, list],
      ['PUT', CLIENTS, { token }, 405, list],
      ['POST', CLIENTS, { token, ...text }, 415, list],
      ['POST', CLIENTS, { token, body: {} }, 400, list],
      ['OPTIONS', CLIENTS, { token }, 200, list],
      ['HEAD', CLIENTS, { token }, 200, list],
      ['GET', one, { token }, 404, record],
      ['POST', one, { token }, 405, record],
      ['POST', `${one}restore/`, { token }, 404, 'POST, OPTIONS'],
      ['GET', `${one}profile-picture/`, { token }, 404, 'GET, POST, DELETE, HEAD, OPTIONS'],
      ['GET', `${CLIENTS}stage-counts/`, { token }, 200, 'GET, HEAD, OPTIONS'],
      ['DELETE', `${CLIENTS}stage-counts/`, { token }, 405, 'GET, HEAD, OPTIONS'],
      ['POST', '/api/token/', { body: {} }, 400, 'POST, OPTIONS'],
      ['GET', '/api/token/', {}, 405, 'POST, OPTIONS'],
      ['GET', '/api/public/tenant-info/', {}, 200, 'GET, OPTIONS'],
      ['HEAD', '/api/public/tenant-info/', {}, 405, 'GET, OPTIONS'],
      ['GET', '/api/v1/', {}, 401, 'GET, HEAD, OPTIONS'],
    ] as const;
    for (const [method, path, asked, status, allow] of cases) {
      const { headers, ...answer } = await app.ask(method, path, asked);
      expect([method, path, answer.status, headers.allow, headers.vary]).toEqual([
        method,
        path,
        status,
        allow,
        'Accept, origin',
      ]);
    }
  });

  test('pages outside the API vary by origin alone', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await app.ask(method, '/health/');
      expect([status, headers.vary, headers.allow]).toEqual([200, 'origin', undefined]);
    }
    const { status, headers } = await app.ask('POST', '/health/');
    expect([status, headers.vary]).toEqual([405, 'origin']);
  });
});

describe('methods', () => {
  test.each(['PUT', 'DELETE', 'PROPFIND', 'TRACE', 'LOCK'])('%s is not allowed on a list', async (method) => {
    const answer = await app.ask(method, CLIENTS, { token });
    expect([answer.status, answer.body]).toEqual([405, { detail: `Method "${method}" not allowed.` }]);
  });

  test('HEAD answers as GET does, without the body', async () => {
    const get = await app.ask('GET', CLIENTS, { token });
    const head = await app.ask('HEAD', CLIENTS, { token });
    expect([head.status, head.raw.length]).toEqual([200, 0]);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
    expect((await app.ask('HEAD', CLIENTS)).status).toBe(401);
  });

  test('OPTIONS tells a signed-in user about the path', async () => {
    const { status, body } = await app.ask('OPTIONS', CLIENTS, { token });
    expect(status).toBe(200);
    expect(body).toEqual({
      name: expect.any(String),
      description: expect.any(String),
      renders: ['application/json'],
      parses: ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'],
    });
    const upload = await app.ask('OPTIONS', `${CLIENTS}1/profile-picture/`, { token });
    expect(upload.body.parses).toEqual(['multipart/form-data']);
    expect((await app.ask('OPTIONS', CLIENTS)).status).toBe(401);
    expect((await app.ask('OPTIONS', '/api/token/')).status).toBe(200);
  });
});

test('every answer is safe to hand to a browser, and names its type and character set', async () => {
  for (const path of [CLIENTS, '/health/', '/api/docs/', '/nothing/']) {
    const { headers } = await app.ask('GET', path);
    expect(headers['content-type']).toMatch(/^(application\/json|[\w/.+-]+; charset=utf-8)$/); // JSON is UTF-8
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers.server ?? headers['x-powered-by']).toBeUndefined();
  }
});

describe('GET /api/v1/', () => {
  test('names each list with its address, in the order of the contract', async () => {
    const { status, body } = await app.ask('GET', '/api/v1/', { token, host: 'Main.localhost:8080' });
    expect(status).toBe(200);
    const contract = JSON.parse(
      readFileSync(new URL('../contract/openapi.json', import.meta.url), 'utf8'),
    ) as { paths: Record<string, { get?: object }> };
    const names = (paths: string[]) =>
      paths.flatMap((path) => /^(?:GET )?\/api\/v1\/([^/]+)\/$/.exec(path)?.[1] ?? []);
    const lists = names(Object.keys(contract.paths).filter((path) => contract.paths[path]?.get));
    const added = names(
      ADDITIONS.flatMap((addition) => ('operations' in addition ? addition.operations : [])),
    );
    const shown = Object.keys(body);
    expect(shown.filter((name) => lists.includes(name))).toEqual(lists.filter((name) => name in body));
    expect(
      shown.filter((name) => ![...lists, ...added].includes(name)),
      'test/contract/additions.ts',
    ).toEqual([]);
    expect(body.clients).toBe('http://Main.localhost:8080/api/v1/clients/');
    for (const [name, url] of Object.entries<string>(body)) {
      const { pathname } = new URL(url);
      expect(pathname).toBe(`/api/v1/${name}/`);
      expect((await app.ask('GET', pathname, { token })).status).toBe(200);
    }
  });

  test('only to who is signed in', async () => {
    expect((await app.ask('GET', '/api/v1/')).status).toBe(401);
  });
});

test('links have scheme, host and port as the client sent them', async () => {
  for (let i = 0; i < 2; i++) {
    await app.ask('POST', CLIENTS, { token, body: { first_name: 'A', gender: 'OTHER', country: 'NP' } });
  }
  const { body } = await app.ask('GET', `${CLIENTS}?page_size=1&stage[]=LEAD&a=%C3%A9&b=1+2`, {
    token,
    host: 'MAIN.localhost:8123',
  });
  expect(body.next).toBe(
    'http://MAIN.localhost:8123/api/v1/clients/?a=%C3%A9&b=1+2&page=2&page_size=1&stage%5B%5D=LEAD',
  );
});
