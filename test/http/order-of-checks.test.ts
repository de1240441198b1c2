import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ask, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

const CLIENTS = '/api/v1/clients/';

let app: TestApp;
const tokens: Record<string, string> = {};
let outside: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'branch1', 'groupless']) tokens[name] = await app.logIn(name);
  const body = { first_name: 'Maya', gender: 'FEMALE', country: 'NP', branch_id: 3 };
  outside = (await app.ask('POST', CLIENTS, { token: tokens.admin, body })).body.id;
});
afterAll(() => app?.close());

interface Step {
  readonly method: string;
  readonly path: string;
  readonly host?: string;
  readonly accept?: string;
  readonly user?: string;
  readonly type?: string;
  readonly body?: string;
}

async function ask({ method, path, host = 'main', accept, user, type, body }: Step) {
  const headers = { ...(accept && { accept }), ...(type && { 'content-type': type }) };
  const asked: Ask = { host, headers, token: user && tokens[user], body };
  const answer = await app.ask(method, path, asked);
  return [answer.status, answer.body.detail ?? answer.headers.location ?? answer.body];
}

describe('of a request with everything wrong, each check comes after the one before', () => {
  const denied = 'You do not have permission to perform this action.';
  const notJson = { accept: 'image/png' };
  const text = { type: 'text/plain', body: '{' };
  const broken = { type: 'application/json', body: '{' };
  const bad = { type: 'application/json', body: '{"gender": "X"}' };
  const noCredentials = 'Authentication credentials were not provided.';

  test('a change of a record', async () => {
    const path = `${CLIENTS}999999/`;
    const method = 'PATCH';
    const slashless = path.slice(0, -1);
    const steps: [Step, unknown[]][] = [
      [{ method, path: slashless, host: 'nobody', ...notJson, ...text }, [404, 'Not found.']],
      [{ method, path: slashless, ...notJson, ...text }, [301, path]],
      [{ method, path, ...notJson, ...text }, [406, 'Could not satisfy the request Accept header.']],
      [{ method, path, ...text }, [401, noCredentials]],
      [{ method, path, user: 'groupless', ...text }, [403, denied]],
      [{ method, path, user: 'branch1', ...text }, [415, 'Unsupported media type "text/plain" in request.']],
      [{ method, path, user: 'branch1', ...bad }, [404, 'Client not found']],
      [
        { method, path: `${CLIENTS}${outside}/`, user: 'branch1', ...bad },
        [403, `User branch1 does not have permission to access client ${outside}`],
      ],
      [
        { method, path: `${CLIENTS}${outside}/`, user: 'admin', ...bad },
        [400, { gender: ['"X" is not a valid choice.'] }],
      ],
    ];
    for (const [step, answer] of steps) expect(await ask(step)).toEqual(answer);
    const [status, detail] = await ask({ method, path, user: 'branch1', ...broken });
    expect([status, detail]).toEqual([400, expect.stringMatching(/^JSON parse error - ./)]);
  });

  test('a method that the path does not support', async () => {
    const method = 'DELETE';
    const notAllowed = [405, 'Method "DELETE" not allowed.'];
    expect(await ask({ method, path: CLIENTS, host: 'nobody', ...notJson })).toEqual([404, 'Not found.']);
    expect(await ask({ method, path: CLIENTS.slice(0, -1), ...notJson })).toEqual([301, CLIENTS]);
    expect((await ask({ method, path: CLIENTS, ...notJson }))[0]).toBe(406);
    expect(await ask({ method, path: CLIENTS, ...text })).toEqual([401, noCredentials]);
    expect(await ask({ method, path: CLIENTS, user: 'groupless', ...text })).toEqual(notAllowed);
  });

  test('a public path asks for no token and no permission', async () => {
    const path = '/api/token/';
    expect((await ask({ method: 'POST', path, ...notJson, ...text }))[0]).toBe(406);
    expect(await ask({ method: 'PUT', path, ...text })).toEqual([405, 'Method "PUT" not allowed.']);
    expect((await ask({ method: 'POST', path, ...text }))[0]).toBe(415);
    expect((await ask({ method: 'POST', path, ...broken }))[0]).toBe(400);
    expect((await ask({ method: 'POST', path, ...bad }))[1]).toEqual({
      username: ['This field is required.'],
      password: ['This field is required.'],
    });
  });

  test('a token of no use is no hindrance on a public path', async () => {
    const headers = { authorization: 'Bearer of-bad-news' };
    expect((await app.ask('POST', '/api/token/', { headers, body: {} })).status).toBe(400);
    expect((await app.ask('GET', '/api/public/tenant-info/', { headers })).status).toBe(200);
  });
});
