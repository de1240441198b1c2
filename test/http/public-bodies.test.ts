import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { PICTURE, routeName } from '../helpers/routes.js';
import { seedStaff } from '../helpers/staff.js';

const TYPES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
const TOO_LARGE = { detail: 'Request body is too large.' };
const LIMIT = 16_384;

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

/** Sends the head of a request and some of its body, and returns what the server says. */
function sendPart(path: string, headers: readonly string[], part: Buffer): Promise<string> {
  const { port } = new URL(app.base);
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(`POST ${path} HTTP/1.1\r\nHost: main.localhost\r\n${headers.join('\r\n')}\r\n\r\n`);
      socket.write(part);
    });
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      said += chunk;
      if (said.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(said)).on('error', () => undefined);
  });
}

const isPublic = ({ policy, body, upload }: TestApp['app']['routes'][number]) =>
  policy.kind === 'public' && (body !== undefined || upload === true);

describe('what anybody may send', () => {
  test('is refused by its announced size before any of it has come', async () => {
    const routes = app.app.routes.filter(isPublic);
    expect(routes.map(routeName)).toContain('POST /api/token/');
    for (const { path } of routes) {
      for (const type of TYPES) {
        const headers = [`Content-Type: ${type}`, `Content-Length: ${LIMIT + 1}`];
        expect(await sendPart(path, headers, Buffer.alloc(0))).toMatch(/^HTTP\/1\.1 413 /);
      }
    }
  });

  test('is refused as soon as more has come, where no size was announced', async () => {
    const chunk = Buffer.from(`${(LIMIT + 1).toString(16)}\r\n${'x'.repeat(LIMIT + 1)}\r\n`);
    for (const type of TYPES) {
      const headers = [`Content-Type: ${type}`, 'Transfer-Encoding: chunked'];
      expect([type, (await sendPart('/api/token/', headers, chunk)).slice(0, 13)]).toEqual([
        type,
        'HTTP/1.1 413 ',
      ]);
    }
  });

  test('is answered although the client is still sending', async () => {
    const body = `{"username": "${'x'.repeat(3_000_000)}"}`;
    const answer = await app.ask('POST', '/api/token/', { headers: { 'content-type': TYPES[0]! }, body });
    expect([answer.status, answer.body]).toEqual([413, TOO_LARGE]);
  });

  test('may be a form, whose files are not kept', async () => {
    const field = (name: string, value: string) =>
      `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const file = `--x\r\nContent-Disposition: form-data; name="password"; filename="a.png"\r\n\r\n${PICTURE}\r\n`;
    const body = `${field('username', 'admin')}${field('password', 'Passw0rd!23')}${file}--x--\r\n`;
    const answer = await app.ask('POST', '/api/token/', { headers: { 'content-type': TYPES[2]! }, body });
    expect([answer.status, Object.keys(answer.body)]).toEqual([200, ['refresh', 'access']]);
  });
});

test('files are read by routes that take them alone', async () => {
  const body = `--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n${'x'.repeat(3_000_000)}\r\n--x--\r\n`;
  const headers = { 'content-type': TYPES[2]! };
  const answer = await app.ask('POST', '/api/v1/clients/', { token, headers, body });
  expect([answer.status, answer.body]).toEqual([413, TOO_LARGE]);
});

test('one who may not send a file is answered before any of it has come', async () => {
  const headers = [`Content-Type: ${TYPES[2]}`, 'Content-Length: 5000000'];
  const path = '/api/v1/client-imports/';
  expect(await sendPart(path, headers, Buffer.alloc(0))).toMatch(/^HTTP\/1\.1 401 /);
  const consultant = `Authorization: Bearer ${await app.logIn('groupless')}`;
  expect(await sendPart(path, [...headers, consultant], Buffer.alloc(0))).toMatch(/^HTTP\/1\.1 403 /);
});
