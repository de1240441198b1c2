import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

const CLIENTS = '/api/v1/clients/';
const FORM = 'application/x-www-form-urlencoded';
const MAYA = { first_name: 'Maya', gender: 'FEMALE', country: 'NP' };
const REQUIRED = {
  first_name: ['This field is required.'],
  gender: ['This field is required.'],
  country: ['This field is required.'],
};

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

async function send(
  type: string | undefined,
  body: string | Buffer | undefined,
  path = CLIENTS,
  method = 'POST',
) {
  const headers = type === undefined ? {} : { 'content-type': type };
  const answer = await app.ask(method, path, { token, headers, body });
  return [answer.status, answer.body];
}

async function create(given: object = {}) {
  const { status, body } = await app.ask('POST', CLIENTS, { token, body: { ...MAYA, ...given } });
  expect(status).toBe(201);
  return body;
}

/** Returns a multipart body of these fields, with its content type. */
function multipart(fields: Record<string, string>, boundary = 'xyz'): [type: string, body: string] {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return [`multipart/form-data; boundary=${boundary}`, `${parts.join('')}--${boundary}--\r\n`];
}

describe('media types', () => {
  test.each([
    'text/plain',
    'text/html; charset=utf-8',
    'application/xml',
    'application/vnd.api+json',
    'application/octet-stream',
    'nonsense',
    'application/(json)',
  ])('%s is not read', async (type) => {
    const detail = `Unsupported media type "${type}" in request.`;
    expect(await send(type, JSON.stringify(MAYA))).toEqual([415, { detail }]);
    const one = await create();
    expect(await send(type, '{}', `${CLIENTS}${one.id}/`, 'PATCH')).toEqual([415, { detail }]);
  });

  test('a body of no named type is not read', async () => {
    expect(await send(undefined, '{}')).toEqual([415, { detail: 'Unsupported media type "" in request.' }]);
  });

  test('no body is no wrong type', async () => {
    for (const type of [undefined, '', 'undefined', 'text/plain', 'application/json', FORM]) {
      for (const body of [undefined, '']) expect(await send(type, body)).toEqual([400, REQUIRED]);
    }
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;x=y'])(
    '%s is JSON',
    async (type) => {
      expect((await send(type, JSON.stringify(MAYA)))[0]).toBe(201);
    },
  );

  test('where no body is wanted any is passed over', async () => {
    const one = await create();
    expect((await send('nonsense', 'x', `${CLIENTS}${one.id}/`, 'DELETE'))[0]).toBe(204);
    expect((await send('text/plain', 'x', `${CLIENTS}${one.id}/restore/`))[0]).toBe(200);
    expect((await send('application/json', '{', `${CLIENTS}${one.id}/`, 'GET'))[0]).toBe(200);
  });
});

describe('JSON', () => {
  test.each(['{', '{"a": }', "{'a': 1}", '   ', '{"a": NaN}', '{} {}', '\u0000'])(
    '%j does not parse',
    async (text) => {
      const [status, body] = await send('application/json', text);
      expect(status).toBe(400);
      expect(Object.keys(body)).toEqual(['detail']);
      expect(body.detail).toMatch(/^JSON parse error - ./);
    },
  );

  test('bytes that are not UTF-8 do not parse', async () => {
    const [status, body] = await send('application/json', Buffer.from('{"first_name": "\xff"}', 'latin1'));
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/^JSON parse error - ./)]);
  });

  test.each([
    ['[]', 'Invalid data. Expected a dictionary, but got list.'],
    ['"text"', 'Invalid data. Expected a dictionary, but got str.'],
    ['7', 'Invalid data. Expected a dictionary, but got int.'],
    ['7.5', 'Invalid data. Expected a dictionary, but got float.'],
    ['true', 'Invalid data. Expected a dictionary, but got bool.'],
    ['null', 'No data provided'],
  ])('%s is no object', async (text, message) => {
    const one = await create();
    const refused = [400, { non_field_errors: [message] }];
    expect(await send('application/json', text)).toEqual(refused);
    expect(await send('application/json', text, `${CLIENTS}${one.id}/`, 'PATCH')).toEqual(refused);
    expect(await send('application/json', text, '/api/token/')).toEqual(refused);
  });

  test('keys that JavaScript knows are fields like any other, which nobody knows', async () => {
    const text = JSON.stringify(MAYA).replace('{', '{"__proto__": {"active": true}, "constructor": 1,');
    const [status, body] = await send('application/json', text);
    expect([status, body.active]).toEqual([201, false]);
  });
});

describe.each(['urlencoded', 'multipart'])('%s forms', (kind) => {
  const form = (fields: Record<string, string>): [type: string, body: string] =>
    kind === 'multipart' ? multipart(fields) : [FORM, new URLSearchParams(fields).toString()];

  test('create a client', async () => {
    const given = {
      ...MAYA,
      last_name: 'Rai & Söhne +1',
      active: 'on',
      visa_category_id: '2',
      dob: '1990-02-28',
    };
    const [status, body] = await send(...form(given));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...MAYA,
      last_name: given.last_name,
      active: true,
      visa_category: 2,
      dob: given.dob,
    });
  });

  test('an empty input is null where null may be, text where text may be blank, and else not given', async () => {
    const empty = {
      dob: '',
      visa_category_id: '',
      agent_id: '',
      middle_name: '',
      email: '',
      stage: '',
      active: '',
    };
    const [status, body] = await send(...form({ ...MAYA, ...empty }));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      dob: null,
      visa_category: null,
      agent: null,
      middle_name: '',
      email: '',
      stage: 'LEAD',
      active: false,
    });
  });

  test('an empty input that must be given is blank, or no choice', async () => {
    expect(await send(...form({ first_name: '', gender: '', country: '' }))).toEqual([
      400,
      {
        first_name: ['This field may not be blank.'],
        gender: ['"" is not a valid choice.'],
        country: ['This field may not be blank.'],
      },
    ]);
    expect(await send(...form({}))).toEqual([400, REQUIRED]);
  });

  test('change a client: empty inputs clear what may be empty and leave the rest', async () => {
    const one = await create({ last_name: 'Rai', dob: '1990-02-28', agent_id: 1, active: true });
    const empty = {
      last_name: '',
      dob: '',
      agent_id: '',
      first_name: '',
      gender: '',
      country: '',
      active: '',
    };
    const [status, body] = await send(...form(empty), `${CLIENTS}${one.id}/`, 'PATCH');
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...MAYA, last_name: '', dob: null, agent: null, active: true });
  });

  test('numbers, booleans and dates are read from text', async () => {
    const [status, body] = await send(...form({ ...MAYA, active: 'maybe', agent_id: 'null', dob: 'x' }));
    expect(status).toBe(400);
    expect(Object.keys(body).sort()).toEqual(['active', 'agent_id', 'dob']);
  });

  test('of more fields than a thousand are refused, those of strangers by their size already', async () => {
    const names = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 'x']));
    const detail = `${kind === 'multipart' ? 'Multipart form' : 'Form'} parse error - too many fields`;
    for (const count of [1_001, 20_000]) {
      const [type, body] = form(names(count));
      expect(await send(type, body)).toEqual([400, { detail }]);
      const headers = { 'content-type': type };
      const { status } = await app.ask('POST', '/api/token/', { headers, body });
      expect(status).toBe(body.length > 16_384 ? 413 : 400);
    }
    expect((await send(...form({ ...MAYA, ...names(997) })))[0]).toBe(201);
  });

  test('log in', async () => {
    const [status, body] = await send(...form({ username: 'admin', password: 'Passw0rd!23' }), '/api/token/');
    expect([status, Object.keys(body)]).toEqual([200, ['refresh', 'access']]);
  });
});

describe('forms', () => {
  test('of a repeated field the last value counts', async () => {
    const text = new URLSearchParams({ ...MAYA, first_name: 'Old' });
    text.append('first_name', 'New');
    expect((await send(FORM, text.toString()))[1].first_name).toBe('New');
  });

  test.each([
    ['multipart/form-data', ''],
    ['multipart/form-data; boundary=xyz', multipart(MAYA)[1].slice(0, -10)],
    ['multipart/form-data; boundary=other', multipart(MAYA)[1]],
    ['multipart/form-data; boundary=xyz', 'no form at all'],
  ])('%s that does not parse', async (type, text) => {
    const [status, body] = await send(type, text || 'x');
    expect([status, body]).toEqual([
      400,
      { detail: expect.stringMatching(/^Multipart form parse error - ./) },
    ]);
  });

  test('bytes that are not UTF-8 are replaced, not a fault', async () => {
    const text = Buffer.from(`${new URLSearchParams(MAYA)}&last_name=\xff`, 'latin1');
    expect((await send(FORM, text))[1].last_name).toBe('\ufffd');
  });
});

describe('size', () => {
  const large = 'x'.repeat(3 * 1024 * 1024);

  test.each([
    ['JSON', 'application/json', JSON.stringify({ ...MAYA, description: large })],
    ['a form', FORM, new URLSearchParams({ ...MAYA, description: large }).toString()],
  ])('%s of 3 MB is too large', async (_kind, type, text) => {
    expect(await send(type, text)).toEqual([413, { detail: 'Request body is too large.' }]);
  });

  test('many large fields of a multipart form are too large together', async () => {
    const fields = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, large.slice(0, 2_500_000)]));
    const [type, text] = multipart({ ...MAYA, ...fields });
    expect(await send(type, text)).toEqual([413, { detail: 'Request body is too large.' }]);
  });

  test('a body of two megabytes is read', async () => {
    const [status, body] = await send(
      'application/json',
      JSON.stringify({ ...MAYA, padding: large.slice(0, 2e6), description: 'behind it' }),
    );
    expect([status, body.description]).toEqual([201, 'behind it']);
  });
});

test('a client that goes away in the middle of a body does no harm', async () => {
  const { port } = new URL(app.base);
  for (const type of ['application/json', FORM, multipart({})[0]]) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        const head = [
          `POST ${CLIENTS} HTTP/1.1`,
          'Host: main.localhost',
          `Authorization: Bearer ${token}`,
          `Content-Type: ${type}`,
          'Content-Length: 1000',
          '',
          '--xyz\r\nContent-Disposition: form-data; name="first_name"\r\n\r\nMa',
        ];
        socket.write(head.join('\r\n'), () => setTimeout(() => socket.destroy(), 50));
      });
      socket.on('close', () => resolve());
      socket.on('error', reject);
    });
  }
  expect((await app.ask('GET', CLIENTS, { token })).status).toBe(200);
});
