import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD } from '../../../test/helpers/app.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';
import type { Progress, Schemas } from '../src/index.js';
import { type Agency, type Client, dataOf, errorOf, startAgency } from './agency.js';

let agency: Agency;
let client: Client;
const PERSON = { first_name: 'Łucja', last_name: 'Nowak', gender: 'FEMALE', country: 'PL' } as const;
const folder = mkdtempSync(join(tmpdir(), 'leopard-client-'));

beforeAll(async () => {
  agency = await startAgency({ environment: { LOGIN_FAILURES_PER_ACCOUNT: '2' } });
  client = await agency.signedIn();
}, 240_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await agency?.close();
});

async function listOf<T, U>(items: AsyncIterable<T>, change: (item: T) => U): Promise<U[]> {
  const list: U[] = [];
  for await (const item of items) list.push(change(item));
  return list;
}

const create = async (fields: Partial<Schemas['ClientCreateRequest']> = {}) =>
  dataOf(await client.post('/api/v1/clients/', { body: { ...PERSON, ...fields } }));

describe('operations', () => {
  test('create, read, change and delete, with path, query and body', async () => {
    const made = await create({ stage: 'LEAD' });
    const path = { id: made.id };
    expect(dataOf(await client.get('/api/v1/clients/{id}/', { path }))).toMatchObject(PERSON);
    const body = { stage: 'FOLLOW_UP' } as const;
    expect(dataOf(await client.patch('/api/v1/clients/{id}/', { path, body })).stage).toBe('FOLLOW_UP');
    const query = { search: 'Łucja', stage: ['FOLLOW_UP' as const, 'CLIENT' as const], page_size: 5 };
    const list = dataOf(await client.get('/api/v1/clients/', { query }));
    expect(list.results.map(({ id }) => id)).toEqual([made.id]);
    const deleted = await client.delete('/api/v1/clients/{id}/', { path });
    expect(deleted).toMatchObject({ ok: true, data: undefined, status: 204 });
    expect(deleted.ok && deleted.requestId).toMatch(/^[\w-]{20,}$/);
  });

  test('a filter that is undefined is not sent', async () => {
    await create();
    const query = { search: undefined, include_deleted: true };
    expect(dataOf(await client.get('/api/v1/clients/', { query })).count).toBeGreaterThan(0);
  });

  test('decimals come as texts with all digits; large numbers in free objects by a reader of one’s own', async () => {
    const { id } = await create();
    const [admin] = await tenantSql(
      agency.app.databases.admin,
      `INSERT INTO immigration_notification (notification_type, title, message, assigned_to_id, meta_info)
       VALUES ('SYSTEM_ALERT', '', '', 1, '{"serial": 9007199254740993}') RETURNING id`,
    );
    const path = { id: Number(admin?.id) };
    const read = dataOf(await client.get('/api/v1/notifications/{id}/', { path }));
    expect(read.meta_info).toEqual({ serial: 9007199254740992 });
    const exact = await agency.signedIn('admin', {
      parseJson: (text) => JSON.parse(text.replace(/:(\d{16,})/g, ':"$1"')),
    });
    const exactly = dataOf(await exact.get('/api/v1/notifications/{id}/', { path }));
    expect(exactly.meta_info).toEqual({ serial: '9007199254740993' });
    expect(typeof id).toBe('number');
  });
});

describe('errors', () => {
  test('of fields, also nested ones', async () => {
    const body = { first_name: '', gender: 'X' as 'FEMALE', country: 'PL' as const };
    const error = errorOf(await client.post('/api/v1/clients/', { body: { ...body, last_name: 'x' } }));
    expect(error).toMatchObject({ kind: 'fields', status: 400 });
    if (error.kind !== 'fields') throw new Error(error.kind);
    expect(error.fields.first_name).toEqual(['This field may not be blank.']);
    expect(agency.library.listMessages(error.fields)).toContainEqual({
      path: 'gender',
      message: '"X" is not a valid choice.',
    });
    const tags = ['a', { b: 1 } as unknown as string];
    const nested = await client.post('/api/v1/tasks/', {
      body: { title: 'x', detail: 'y', due_date: '2030-01-01T00:00:00Z', tags } as never,
    });
    const wrong = errorOf(nested);
    if (wrong.kind !== 'fields') throw new Error(JSON.stringify(wrong));
    expect(agency.library.listMessages(wrong.fields).map(({ path }) => path)).toContain('tags.1');
  });

  test.each([
    ['not found', '/api/v1/clients/{id}/', 404, 'Client not found'],
    ['an action’s own word', '/api/v1/tasks/{id}/', 404, 'Task not found'],
  ] as const)('%s', async (_what, path, status, message) => {
    const error = errorOf(await client.get(path, { path: { id: 99_999 } }));
    expect(error).toMatchObject({ kind: 'detail', status, message });
  });

  test('not allowed', async () => {
    const other = await agency.signedIn('consultant1');
    const error = errorOf(await other.post('/api/v1/regions/', { body: { name: 'East' } }));
    expect(error).toMatchObject({ kind: 'detail', status: 403 });
  });

  test('too many failed log-ins: how long to wait', async () => {
    const guess = () => agency.client().session.logIn({ username: 'consultant12', password: 'wrong' });
    for (let count = 0; count < 2; count++) expect(errorOf(await guess()).kind).toBe('detail');
    const error = errorOf(await guess());
    expect(error).toMatchObject({ kind: 'throttled', status: 429 });
    expect(error.kind === 'throttled' && (error.retryAfter ?? 0) > 60).toBe(true);
  });

  test.each(['', '..', '.'])('a path without a value (%j) is not sent', async (session) => {
    agency.requests();
    const path = { id: 1, session } as never;
    const error = errorOf(await client.delete('/api/v1/users/{id}/sessions/{session}/', { path }));
    expect(error.kind).toBe('unsendable');
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    expect(errorOf(await client.post('/api/v1/clients/', { body: cyclic as never })).kind).toBe('unsendable');
    expect(agency.requests()).toEqual([]);
  });

  test('a caller that goes away, before and during', async () => {
    const gone = await client.get('/api/v1/clients/', { signal: AbortSignal.abort() });
    expect(errorOf(gone).kind).toBe('aborted');
    const controller = new AbortController();
    const asked = client.get('/api/v1/clients/', { signal: controller.signal });
    controller.abort();
    expect(errorOf(await asked).kind).toBe('aborted');
  });

  test('nobody listens', async () => {
    const nowhere = agency.client({ baseUrl: 'http://127.0.0.1:9', retries: 0 });
    expect(errorOf(await nowhere.get('/api/public/tenant-info/'))).toMatchObject({ kind: 'network' });
  });

  test.each(['ftp://main.localhost', 'https://a:b@c', 'https://a/?b', 'nonsense'])(
    'no base: %s',
    (baseUrl) => {
      expect(() => agency.client({ baseUrl })).toThrow(TypeError);
    },
  );
});

describe('lists', () => {
  const search = 'Paged';
  beforeAll(async () => {
    for (let count = 0; count < 7; count++) await create({ last_name: search });
  });

  test('page by page, as far as the loop goes', async () => {
    const query = { search, page_size: 3 };
    const ids = await listOf(client.rows('/api/v1/clients/', { query }), ({ id }) => id);
    expect(new Set(ids).size).toBe(7);
    const pages = await listOf(
      client.pages('/api/v1/clients/', { query }),
      (page) => dataOf(page).results.length,
    );
    expect(pages).toEqual([3, 3, 1]);
    agency.requests();
    for await (const row of client.rows('/api/v1/clients/', { query })) {
      expect(row.last_name).toBe(search);
      break;
    }
    expect(agency.requests()).toEqual(['GET /api/v1/clients/']);
  });

  test('a failure is the last result; of rows it is thrown', async () => {
    const query = { search, branch: 'x' as unknown as number };
    const pages = await listOf(client.pages('/api/v1/clients/', { query }), (page) => page);
    expect(pages.map((page) => errorOf(page).kind)).toEqual(['fields']);
    const rows = listOf(client.rows('/api/v1/clients/', { query }), (row) => row);
    await expect(rows).rejects.toThrow(agency.library.ApiFailure);
    const some = client.pages('/api/v1/clients/', { query: { search, page_size: 1 }, mostPages: 2 });
    expect(await listOf(some, (page) => page.ok)).toEqual([true, true, false]);
  });
});

describe('files', () => {
  test('a picture goes up, with its progress, and comes back by its signed address', async () => {
    const { id } = await create();
    const image = {
      width: 900,
      height: 900,
      channels: 3,
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    } as const;
    const bytes = await sharp({ create: { ...image, background: '#fff' } })
      .png()
      .toBuffer();
    const file = new File([new Uint8Array(bytes)], 'me.png', { type: 'image/png' });
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => void seen.push(progress);
    const path = { id };
    const sent = await client.upload('/api/v1/clients/{id}/profile-picture/', {
      path,
      body: { file },
      onProgress,
    });
    const picture = dataOf(sent);
    const total = seen.at(-1)?.total ?? 0;
    expect(total).toBeGreaterThan(bytes.length);
    expect(seen.at(-1)?.bytes).toBe(total);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.map(({ bytes }) => bytes)).toEqual(seen.map(({ bytes }) => bytes).sort((a, b) => a - b));

    const back = dataOf(await client.downloadSigned(picture.file_url ?? ''));
    expect([back.mediaType, back.bytes]).toEqual(['image/png', back.file.size]);
    expect(errorOf(await client.downloadSigned('http://127.0.0.2/x')).kind).toBe('unsendable');
    expect(errorOf(await client.downloadSigned('/media/none')).kind).toBe('detail');
    // Without progress too, and with a wrong file.
    const wrong = new Blob(['no picture']);
    const refused = await client.upload('/api/v1/clients/{id}/profile-picture/', {
      path,
      body: { file: wrong },
    });
    expect(errorOf(refused)).toMatchObject({ kind: 'detail', status: 400 });
  });

  test('an upload that is refused for its token is sent again, whole', async () => {
    let isFirst = true;
    const other = await agency.signedIn('admin', {
      fetch: async (input, init) => {
        const headers = new Headers(init?.headers);
        if (isFirst && String(input).endsWith('/client-imports/')) {
          isFirst = false;
          headers.set('authorization', 'Bearer nonsense');
        }
        return await fetch(input, { ...init, headers });
      },
    });
    const file = new File(['first_name,last_name\nA,B\n'], 'list.csv', { type: 'text/csv' });
    const onProgress = () => undefined;
    const made = dataOf(
      await other.upload('/api/v1/client-imports/', { body: { file, delimiter: 'comma' }, onProgress }),
    );
    expect(made).toMatchObject({ filename: 'list.csv', row_count: 1 });
  });

  test('an export comes as a file: into memory, or where its bytes are wanted', async () => {
    const query = { search: 'Paged' };
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => void seen.push(progress);
    const whole = dataOf(await client.download('/api/v1/clients/export/', { query, onProgress }));
    expect(whole.filename).toMatch(/\.csv$/);
    expect((await whole.file.text()).split('\n').length).toBeGreaterThan(7);
    expect(seen.at(-1)?.bytes).toBe(whole.bytes);
    const target = join(folder, 'export.csv');
    const to = Writable.toWeb(createWriteStream(target)) as WritableStream<Uint8Array>;
    const written = dataOf(await client.download('/api/v1/clients/export/', { query, to }));
    expect([written.file.size, written.bytes]).toEqual([0, whole.bytes]);
    expect(readFileSync(target, 'utf8')).toBe(await whole.file.text());
    const bound = await client.download('/api/v1/clients/export/', { query, mostBytes: 10 });
    expect(errorOf(bound)).toMatchObject({ kind: 'unexpected', reason: 'too_large' });
    const report = dataOf(await client.download('/api/v1/reports/workload/'));
    expect(report.mediaType).toMatch(/^text\/csv/);
    expect(dataOf(await client.get('/api/v1/reports/workload/')).rows).toBeInstanceOf(Array);
    const other = await agency.signedIn('groupless');
    expect(errorOf(await other.download('/api/v1/clients/export/'))).toMatchObject({
      kind: 'detail',
      status: 403,
    });
  });
});

describe('a known device', () => {
  test('is not locked out by wrong guesses from elsewhere', async () => {
    const deviceToken = agency.library.newDeviceToken();
    await agency.signedIn('branch3', { deviceToken });
    const headers = { 'user-agent': 'elsewhere' };
    for (let count = 0; count < 3; count++)
      await agency.app.ask('POST', '/api/token/', { headers, body: { username: 'branch3', password: 'x' } });
    const body = { username: 'branch3', password: PASSWORD };
    expect((await agency.app.ask('POST', '/api/token/', { headers, body })).status).toBe(429);
    await agency.signedIn('branch3', { deviceToken });
  });
});
