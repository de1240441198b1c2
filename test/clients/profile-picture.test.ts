import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { PICTURES, pixels, png, upload } from './pictures.js';

const LIMIT = 5 * 1024 * 1024;

let app: TestApp;
const tokens: Record<string, string> = {};
let client: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  for (const name of ['admin', 'consultant1', 'consultant3', 'branch1', 'groupless']) {
    tokens[name] = await app.logIn(name);
  }
});
afterAll(() => app?.close());
beforeEach(async () => {
  client = await createClient();
});

async function createClient(branch_id = 1): Promise<number> {
  const body = { first_name: 'Maya', gender: 'FEMALE', country: 'NP', branch_id };
  return (await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body })).body.id;
}

const pathOf = (id: number) => `/api/v1/clients/${id}/profile-picture/`;
const post = (content: Buffer, options: Parameters<typeof upload>[1] & { by?: string; id?: number } = {}) =>
  app.ask('POST', pathOf(options.id ?? client), {
    token: tokens[options.by ?? 'admin'],
    ...upload(content, options),
  });
const ask = (method: string, by = 'admin', id = client) => app.ask(method, pathOf(id), { token: tokens[by] });

/** Returns the names of a tenant's stored files. */
const stored = (schema = 'tenant_main'): Promise<string[]> =>
  readdir(join(app.config.mediaDirectory, schema, 'profile-pictures')).catch(() => []);

/** Loads a file by its URL, as an `<img>` does: without token. */
function load(address: string, host?: string) {
  const url = new URL(address);
  return app.ask('GET', url.pathname + url.search, { headers: { host: host ?? url.host } });
}

describe('storing', () => {
  test.each(Object.entries(PICTURES))('%s, whatever its name says', async (type, content) => {
    const { status, body } = await post(content, { name: 'anything.txt', type: 'text/plain' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(Number),
      client,
      file: expect.stringMatching(
        /^http:\/\/main\.localhost\/media\/profile-pictures\/[\w-]+\.\w+\?expires=\d+&signature=[\w-]+$/,
      ),
      file_url: body.file,
      file_size: expect.any(Number),
      file_type: type,
      uploaded_by: idOf('admin'),
      uploaded_by_name: 'First admin Last admin',
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    const { body: read } = await ask('GET');
    expect({ ...read, file: '', file_url: '' }).toEqual({ ...body, file: '', file_url: '' });
    const file = await load(body.file_url);
    expect([file.status, file.headers['content-type']]).toEqual([200, type]);
    expect(file.raw.length).toBe(body.file_size);
    expect(await pixels(file.raw)).toEqual(await pixels(content));
  });

  test('an animated PNG', async () => {
    expect((await post(png(1, { animated: true }))).body.file_type).toBe('image/png');
  });

  test.each([
    ['text', Buffer.from('no picture at all')],
    ['HTML', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
    ['PDF', Buffer.from('%PDF-1.7\n')],
    ['BMP', Buffer.from('BM      ')],
    ['the beginning of a PNG', PICTURES['image/png']?.subarray(0, 6) as Buffer],
    ['nothing', Buffer.alloc(0)],
  ])('not %s, whatever its name says', async (_what, content) => {
    const before = await stored();
    const { status, body } = await post(content);
    expect([status, Object.keys(body)]).toEqual([400, ['detail']]);
    expect(await stored()).toEqual(before);
    expect((await ask('GET')).status).toBe(404);
  });

  test('not one that would fill the memory, or that is damaged', async () => {
    const wide = await sharp({ create: { width: 20_000, height: 10, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const large = await post(wide);
    expect([large.status, large.body.detail]).toEqual([
      400,
      'The picture is too large: 40 million pixels in all, and 16384 on a side, are the most.',
    ]);
    const cut = await post(PICTURES['image/jpeg']?.subarray(0, -20) as Buffer);
    expect([cut.status, cut.body.detail]).toEqual([
      400,
      'The picture is damaged: it cannot be read to its end.',
    ]);
    expect((await ask('GET')).status).toBe(404);
  });

  test('five megabytes, and not a byte more', async () => {
    const large = Buffer.concat([png(), Buffer.alloc(LIMIT - png().length)]);
    const { status, body } = await post(large);
    expect(status).toBe(201);
    expect(body.file_size).toBeLessThan(1_000); // what follows the picture is not part of it
    const before = await stored();
    for (const extra of [1, 3 * LIMIT]) {
      const refused = await post(Buffer.concat([large, Buffer.alloc(extra)]));
      expect([refused.status, refused.body]).toEqual([400, { detail: 'The file is larger than 5 MB.' }]);
    }
    expect(await stored()).toEqual(before);
    expect((await ask('GET')).body.id).toBe(body.id);
  });

  test('not without a file', async () => {
    const missing = [400, { detail: 'No file was submitted.' }];
    const asText = upload(png());
    const cases = [
      {},
      { ...upload(png(), { field: 'picture' }) },
      {
        ...asText,
        body: Buffer.from(asText.body.toString('latin1').replace('; filename="picture.png"', ''), 'latin1'),
      },
    ];
    for (const asked of cases) {
      const { status, body } = await app.ask('POST', pathOf(client), { token: tokens.admin, ...asked });
      expect([status, body]).toEqual(missing);
    }
    const json = await app.ask('POST', pathOf(client), { token: tokens.admin, body: { file: 'x' } });
    expect([json.status, json.body]).toEqual([
      415,
      { detail: 'Unsupported media type "application/json" in request.' },
    ]);
  });

  test('in the tenant’s own folder, under a name that cannot be guessed', async () => {
    const before = await stored();
    await post(png(7), { name: '../../../etc/passwd' });
    const [name, ...others] = (await stored()).filter((file) => !before.includes(file)) as [string];
    expect(others).toEqual([]);
    expect(name).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.png$/);
    const file = join(app.config.mediaDirectory, 'tenant_main', 'profile-pictures', name);
    expect(await pixels(await readFile(file))).toEqual(await pixels(png(7)));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await stored('tenant_demo')).toEqual([]);
  });

  test('in place of the one there, whose file is removed', async () => {
    const first = (await post(png(1))).body;
    const before = await stored();
    const second = (await post(PICTURES['image/gif'] as Buffer, { by: 'branch1' })).body;
    expect(second).toMatchObject({
      id: first.id,
      created_at: first.created_at,
      uploaded_by: idOf('branch1'),
    });
    expect(second.updated_at > first.updated_at).toBe(true);
    expect((await stored()).length).toBe(before.length);
    expect((await load(first.file)).status).toBe(404);
    expect((await load(second.file)).status).toBe(200);
  });

  test('twice at the same moment: one picture and one file remain', async () => {
    const before = await stored();
    const answers = await Promise.all([post(png(1)), post(png(2)), post(png(3))]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await stored()).length).toBe(before.length + 1);
    expect((await load((await ask('GET')).body.file)).status).toBe(200);
  });
});

describe('what fails half-way leaves no file, and the picture of before', () => {
  test('when the database refuses the row', async () => {
    const sql = (text: string) => withOwner(app.databases.owner, (connection) => connection.query(text));
    const before = (await post(png(1))).body;
    const files = await stored();
    const table = 'tenant_main.immigration_profilepicture';
    await sql(`ALTER TABLE ${table} ADD CONSTRAINT small CHECK (file_size < 80) NOT VALID`);
    const refused = await post(Buffer.concat([png(2), Buffer.alloc(100)]));
    await sql(`ALTER TABLE ${table} DROP CONSTRAINT small`);
    expect(refused.status).toBe(400);
    expect(await stored()).toEqual(files);
    expect((await ask('GET')).body.id).toBe(before.id);
    expect((await load(before.file)).status).toBe(200);
  });

  test('when the client goes away', async () => {
    const files = await stored();
    const { headers, body } = upload(Buffer.concat([png(2), Buffer.alloc(100_000)]));
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(app.base).port), '127.0.0.1', () => {
        const head = [
          `POST ${pathOf(client)} HTTP/1.1`,
          'Host: main.localhost',
          `Authorization: Bearer ${tokens.admin}`,
          `Content-Type: ${headers['content-type']}`,
          `Content-Length: ${body.length}`,
        ];
        socket.write(`${head.join('\r\n')}\r\n\r\n`);
        socket.write(body.subarray(0, 60_000), () => setTimeout(() => socket.destroy(), 50));
      });
      socket.on('close', () => resolve());
    });
    expect((await ask('GET')).status).toBe(404);
    expect(await stored()).toEqual(files);
  });
});

describe('removing', () => {
  test('removes row and file', async () => {
    const { file } = (await post(png())).body;
    const before = await stored();
    const gone = await ask('DELETE');
    expect([gone.status, gone.raw.length]).toEqual([204, 0]);
    expect((await stored()).length).toBe(before.length - 1);
    expect((await load(file)).status).toBe(404);
    const missing = [404, { detail: 'Profile picture not found' }];
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await ask(method);
      expect([status, body]).toEqual(missing);
    }
  });
});

describe('who may', () => {
  test('see, store and remove: by permission', async () => {
    expect((await app.ask('GET', pathOf(client))).status).toBe(401);
    for (const method of ['GET', 'POST', 'DELETE']) expect((await ask(method, 'groupless')).status).toBe(403);
    expect((await post(png(), { by: 'consultant1' })).status).toBe(201);
    expect((await ask('GET', 'consultant1')).status).toBe(200);
    expect((await ask('DELETE', 'consultant1')).status).toBe(403);
    expect((await ask('DELETE', 'branch1')).status).toBe(204);
  });

  test('not of a client out of scope', async () => {
    const id = await createClient(3);
    const files = await stored();
    const refused = [403, { detail: `User branch1 does not have permission to access client ${id}` }];
    for (const answer of [
      await ask('GET', 'branch1', id),
      await ask('DELETE', 'branch1', id),
      await post(png(), { by: 'branch1', id }),
    ]) {
      expect([answer.status, answer.body]).toEqual(refused);
    }
    expect(await stored()).toEqual(files);
  });

  test('not of a client who is not there, or archived', async () => {
    await post(png());
    await app.ask('DELETE', `/api/v1/clients/${client}/`, { token: tokens.admin });
    for (const id of [client, 999_999]) {
      for (const answer of [
        await ask('GET', 'admin', id),
        await ask('DELETE', 'admin', id),
        await post(png(), { id }),
      ]) {
        expect([answer.status, answer.body]).toEqual([404, { detail: 'Client not found' }]);
      }
    }
  });
});

describe('a file’s address', () => {
  let address: string;
  let size: number;
  beforeEach(async () => {
    ({ file_url: address, file_size: size } = (await post(png())).body);
  });

  test('loads without a token, and says what browsers may do with it', async () => {
    const { status, headers } = await load(address);
    expect(status).toBe(200);
    expect(headers['content-length']).toBe(String(size));
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox");
    expect(headers['cross-origin-resource-policy']).toBe('cross-origin');
    const [, seconds = ''] = /^private, max-age=(\d+), immutable$/.exec(headers['cache-control'] ?? '') ?? [];
    const left = Number(new URL(address).searchParams.get('expires')) - Date.now() / 1000;
    expect(Math.abs(Number(seconds) - left)).toBeLessThan(5); // no longer than the address is good for
    const head = new URL(address);
    expect((await app.ask('HEAD', head.pathname + head.search)).status).toBe(200);
  });

  test('has the host and port that the client sees', async () => {
    const { body } = await app.ask('GET', pathOf(client), {
      token: tokens.admin,
      host: 'main.localhost:8000',
    });
    expect(new URL(body.file).host).toBe('main.localhost:8000');
  });

  test('is good at no other host', async () => {
    for (const host of ['demo.localhost', 'localhost', 'nobody.localhost']) {
      expect((await load(address, host)).status).toBe(404);
    }
  });

  test('is good for nothing when it was altered', async () => {
    const url = new URL(address);
    const altered: ((copy: URL) => void)[] = [
      (copy) => copy.searchParams.set('expires', String(Number(copy.searchParams.get('expires')) + 3600)),
      (copy) => copy.searchParams.set('expires', '9'.repeat(15)),
      (copy) => copy.searchParams.set('expires', 'x'),
      (copy) => copy.searchParams.delete('expires'),
      (copy) => copy.searchParams.delete('signature'),
      (copy) => copy.searchParams.set('signature', ''),
      (copy) => copy.searchParams.set('signature', 'A'.repeat(43)),
      (copy) => copy.searchParams.set('signature', `${copy.searchParams.get('signature')}A`),
      (copy) => {
        copy.pathname = copy.pathname.replace('.png', '.gif');
      },
      (copy) => {
        copy.pathname = copy.pathname.replace('profile-pictures', 'other');
      },
    ];
    for (const alter of altered) {
      const copy = new URL(url);
      alter(copy);
      const { status, body } = await load(copy.href);
      expect([copy.href, status, body]).toEqual([copy.href, 404, { detail: 'Not found.' }]);
    }
    expect((await load(address)).status).toBe(200);
  });

  test('of another client’s picture does not open this one', async () => {
    const other = new URL((await post(png(9), { id: await createClient() })).body.file);
    const mixed = new URL(address);
    mixed.search = other.search;
    expect((await load(mixed.href)).status).toBe(404);
  });

  test('lapses', async () => {
    const end = Number(new URL(address).searchParams.get('expires')) * 1000;
    expect(end - Date.now()).toBeGreaterThan(3_590_000);
    expect(end - Date.now()).toBeLessThanOrEqual(7_200_000);
    try {
      vi.useFakeTimers({ toFake: ['Date'], now: end - 1_000 });
      expect((await load(address)).status).toBe(200);
      vi.setSystemTime(end + 1_000);
      expect((await load(address)).status).toBe(404);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    '/media/',
    '/media/..%2f..%2fsecret-key',
    '/media/../tenant_demo/profile-pictures/x.png',
    '/media/profile-pictures/%2e%2e/x.png',
    '/media/profile-pictures/',
    '/media/%00',
  ])('that was never given, %s, opens nothing', async (path) => {
    expect((await app.ask('GET', path)).status).toBe(404);
    expect((await app.ask('GET', `${path}?expires=99999999999&signature=x`)).status).toBe(404);
  });
});
