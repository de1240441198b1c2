// biome-ignore-all lint/suspicious/noTemplateCurlyInString: among the absurd values
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { RouteDefinition } from '../../src/routing/route.js';
import { pathOf } from '../helpers/routes.js';
import { Harness, SEED } from './harness.js';
import { rawRequest, sendRaw } from './raw.js';

// Once exposed directly, once behind a proxy that is trusted for host, scheme and address.
const harnesses = {
  'on its own': await Harness.start(),
  'behind a trusted proxy': await Harness.start({ TRUSTED_PROXIES: '127.0.0.1' }),
};
afterAll(async () => {
  for (const harness of Object.values(harnesses)) await harness.close();
});

const LONG = 'a'.repeat(7_000);
// biome-ignore format: a list
const HOSTS = [
  '', ' ', '.', '..', '-', ':80', 'main.localhost:', 'main.localhost:99999', 'main.localhost:x', 'main.localhost.', 'main.localhost..', 'MAIN.LOCALHOST',
  '[::1]', '[::1', '::1', '127.0.0.1', '0', LONG, 'a.'.repeat(120), 'xn--', '*.localhost', '%', '%00', 'main.localhost/x', 'main.localhost, demo.localhost',
  'demo.localhost@main.localhost', 'ü.localhost', "'; --", '__proto__', 'constructor', 'main.localhost\t', 'main .localhost', 'http://main.localhost', '${x}',
];
// biome-ignore format: a list
const VALUES: Readonly<Record<string, readonly string[]>> = {
  Host: HOSTS,
  'X-Forwarded-Host': HOSTS,
  'X-Forwarded-For': ['', ',', ',,,,', 'unknown', '_hidden', '999.999.999.999', '1.2.3.4, ::1', '[::1]:80', '::ffff:1.2.3.4', '1.2.3.4:5', LONG, '1,'.repeat(2_000), 'ü', '127.0.0.1'],
  'X-Forwarded-Proto': ['', 'https', 'http, https', 'javascript', '://', LONG, 'HTTPS', 'ü', ','],
  'X-Forwarded-Port': ['', '-1', '99999999', 'x'],
  Forwarded: ['for=;host=;proto=', 'for="', LONG],
  Accept: ['', ';', ',', '*', '/', '*/*;q=', 'application/json;q=2', 'text/html', 'application/*;q=0', LONG, 'a/b,'.repeat(1_500), '"', 'ü', 'application/json;q=0.0.0'],
  'Accept-Encoding': ['', 'gzip;q=x', '*', LONG],
  'Accept-Language': ['', '*', LONG, 'ü'],
  Authorization: ['', 'Bearer', 'Bearer ', 'Bearer a b', 'bearer x', 'Basic eDp4', 'Bearer .', 'Bearer ..', 'Bearer ...', `Bearer ${LONG}`, `Bearer ${'.'.repeat(500)}`, 'Bearer ü', 'Bearer null', 'Token x'],
  Origin: ['', 'null', 'http://', 'http://main.immigrate.localhost', 'http://x.immigrate.localhost.evil.com', LONG, 'ü', `http://${'a.'.repeat(2_000)}localhost`, `http://${'a-'.repeat(2_000)}.immigrate.localhost`],
  'Access-Control-Request-Method': ['', 'POST', LONG],
  'Content-Type': ['', ';', 'application/json', LONG, 'ü', 'multipart/form-data; boundary=', 'application/json; charset=x', '__proto__'],
  'Content-Length': ['', '-1', '0', '1', '99999999999999999999', 'x', '1, 1', '0x10', '+5'],
  'Transfer-Encoding': ['', 'chunked', 'gzip', 'chunked, chunked', 'identity', 'x'],
  'Content-Encoding': ['gzip', 'x'],
  Expect: ['100-continue', 'x'],
  Connection: ['upgrade', 'keep-alive, close', 'x'],
  Upgrade: ['websocket', 'h2c'],
  'If-None-Match': ['*', '"', LONG],
  Range: ['bytes=0-', 'bytes=-1', 'bytes=9-1', 'x'],
  Cookie: [LONG, '__proto__=x', 'ü'],
  'X-Http-Method-Override': ['DELETE'],
  'X-Request-Id': ['', LONG, '\\x00'],
  'User-Agent': ['', LONG, 'ü', '${jndi:ldap://x}'],
  'X-A': ['\0', 'a\rb', '\x7f', 'a\u0001'],
};
/** Reads that write whatever the headers: exports write to the audit log, and the last one ends the user's sessions. */
const CHANGES_SOMETHING = ['/api/v1/clients/export/', '/api/v1/passports/', '/api/v1/sessions/end-all/'];
const lines = Object.entries(VALUES).flatMap(([name, values]) => values.map((value) => `${name}: ${value}`));

describe.each(Object.entries(harnesses))('%s', (_name, harness) => {
  const { base } = harness.app;
  const all = harness.operations(({ path }) => !CHANGES_SOMETHING.includes(path));
  const bearer = `Authorization: Bearer ${harness.token}`;
  const target = (definition: RouteDefinition) => pathOf(definition, 999_999);
  const bodyOf = ({ method }: RouteDefinition) =>
    method === 'GET' || method === 'DELETE' ? '' : '{"username":[],"gender":"?","refresh":[]}';

  async function statusesOf(bytes: Buffer): Promise<number[]> {
    const { statuses, said } = await sendRaw(base, bytes);
    const failures = statuses.filter((status) => status >= 500);
    expect(failures, `${bytes.toString().slice(0, 1_000)}\n${said.slice(0, 500)}`).toEqual([]);
    return statuses;
  }

  /** Sends concurrent requests, none of which could change anything if its headers were valid. */
  async function expectHarmless(requests: readonly Buffer[]): Promise<number[][]> {
    const before = await harness.written();
    const answers: number[][] = [];
    const waiting = requests.entries();
    const worker = async () => {
      for (const [index, request] of waiting) answers[index] = await statusesOf(request);
    };
    await Promise.all(Array.from({ length: 20 }, worker));
    expect(await harness.written()).toEqual(before);
    await harness.expectHealthy();
    return answers;
  }

  test('each absurd header does no harm', async () => {
    const some = all.filter(([name]) =>
      /^(GET|POST) \/api\/(token|v1\/clients)\/$|tenant-info|media/.test(name),
    );
    const requests = some.flatMap(([, definition]) =>
      lines.map((line) => {
        const own = line.startsWith('Authorization') ? [] : [bearer];
        return rawRequest(definition.method, target(definition), [...own, line], bodyOf(definition));
      }),
    );
    const answers = await expectHarmless(requests);
    // Hardly any is so malformed that it gets no answer.
    const unanswered = requests.filter((_, index) => answers[index]?.length === 0).map(String);
    expect(unanswered.length, unanswered.join('\n')).toBeLessThan(requests.length / 20);
  });

  test('absurd headers together do no harm, on any route', async () => {
    const methods = [
      'GET',
      'HEAD',
      'OPTIONS',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'TRACE',
      'PROPFIND',
      'QUERY',
    ];
    const request = fc
      .tuple(
        fc.constantFrom(...all),
        fc.subarray(lines, { minLength: 2, maxLength: 6 }),
        fc.option(fc.constantFrom(...methods)),
      )
      .map(([[, definition], chosen, method]) =>
        rawRequest(method ?? definition.method, target(definition), [...chosen, bearer], bodyOf(definition)),
      );
    await expectHarmless(fc.sample(request, { seed: SEED, numRuns: 500 }));
  });

  test('requests that are none do no harm', async () => {
    // biome-ignore format: a list
    const requests = [
      '\r\n\r\n', '\0\0\0\0', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n', 'GET /health/ HTTP/1.0\r\n\r\n',
      'GET /health/\r\n\r\n', 'get /health/ HTTP/1.1\r\nHost: x\r\n\r\n', 'XXXX / HTTP/1.1\r\nHost: x\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: main.localhost\r\nConnection: close\r\n\r\n', 'GET * HTTP/1.1\r\nHost: main.localhost\r\nConnection: close\r\n\r\n',
      'CONNECT main.localhost:80 HTTP/1.1\r\nHost: main.localhost\r\n\r\n', 'GET http://main.localhost/health/ HTTP/1.1\r\nHost: demo.localhost\r\nConnection: close\r\n\r\n',
      'GET //main.localhost/api/v1/ HTTP/1.1\r\nHost: main.localhost\r\nConnection: close\r\n\r\n', 'GET /?\xff HTTP/1.1\r\nHost: main.localhost\r\nConnection: close\r\n\r\n',
      'GET /health/ HTTP/1.1\r\nHost: main.localhost\r\nHost: demo.localhost\r\nConnection: close\r\n\r\n', 'GET /health/ HTTP/1.1\nHost: main.localhost\n\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: main.localhost\r\n\r\n`, `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(5_000)}\r\n`, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'POST /api/token/ HTTP/1.1\r\nHost: main.localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\nConnection: close\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
      'POST /api/token/ HTTP/1.1\r\nHost: main.localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n\r\n0\r\n\r\n',
      'POST /api/token/ HTTP/1.1\r\nHost: main.localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\n{}',
      'POST /api/token/ HTTP/1.1\r\nHost: main.localhost\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}{}{}',
    ];
    await expectHarmless(requests.map((request) => Buffer.from(request, 'latin1')));
  });

  test('tokens of every make are refused', async () => {
    const { secretKey } = harness.app.config;
    const part = (value: unknown) =>
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
    const sign = (header: unknown, claims: unknown, key = secretKey, digest = 'sha256') => {
      const text = `${part(header)}.${part(claims)}`;
      return `${text}.${createHmac(digest, key).update(text).digest('base64url')}`;
    };
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: 'HS256', typ: 'JWT' };
    const claims = {
      token_type: 'access',
      exp: now + 100,
      iat: now,
      jti: 'a',
      user_id: '1',
      tid: 'main',
      email: '',
      username: '',
      groups: [],
    };
    const others = (change: object) => sign(header, { ...claims, ...change });
    expect((await harness.app.ask('GET', '/api/v1/', { token: sign(header, claims) })).status).toBe(200);
    // biome-ignore format: a list
    const tokens = [
      sign({ alg: 'none' }, claims, secretKey).replace(/[^.]*$/, ''), sign({ alg: 'none' }, claims), sign({ alg: 'HS512' }, claims, secretKey, 'sha512'), sign({ alg: 'RS256' }, claims),
      sign({}, claims), sign(null, claims), sign([], claims), sign('{', claims), sign({ ...header, kid: '../../x', jku: 'http://x' }, claims, 'other'), sign(header, claims, ''),
      sign(header, claims, 'x'.repeat(40)), sign(header, null), sign(header, []), sign(header, 1), sign(header, '"x"'), sign(header, '{'), sign(header, `${'['.repeat(2_000)}${']'.repeat(2_000)}`),
      sign(header, '{"__proto__":{"token_type":"access"}}'), others({ exp: undefined }), others({ exp: 'x' }), others({ exp: now - 1 }), others({ exp: null }), others({ iat: undefined }), others({ iat: 'x' }),
      others({ iat: 0 }), others({ iat: -1e300 }), others({ tid: undefined }), others({ tid: null }), others({ tid: 1 }), others({ tid: ['main'] }), others({ tid: 'demo' }), others({ tid: '__proto__' }), others({ tid: 'main\0' }),
      others({ token_type: 'refresh' }), others({ token_type: undefined }), others({ token_type: ['access'] }), others({ user_id: undefined }), others({ user_id: null }), others({ user_id: '' }),
      others({ user_id: 'x' }), others({ user_id: '1.5' }), others({ user_id: -1 }), others({ user_id: 0 }), others({ user_id: 1e300 }), others({ user_id: '9'.repeat(300) }), others({ user_id: {} }),
      others({ user_id: [2, 3] }), others({ user_id: '9007199254740991' }), others({ user_id: '1; DROP' }), others({ nbf: now + 1_000 }), `${sign(header, claims)}x`, ` ${sign(header, claims)}.x`,
    ];
    for (const token of tokens) {
      const answer = await harness.app.ask('GET', '/api/v1/clients/', { token });
      expect([token, answer.status]).toEqual([token, 401]);
    }
    await harness.expectHealthy();
  });
});
