import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Pieces } from '../../src/immigration/shared/csv-answer.js';
import { IMPORTS, type ImportTest, importTest } from './setting.js';

const EXPORT = '/api/v1/clients/export/';
const CLIENTS = 2_345;

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
  await t.sql(`INSERT INTO immigration_client (first_name, gender, country, branch_id, stage, created_at, email)
    SELECT 'C' || n, 'OTHER', 'NP', 1 + n % 3, CASE WHEN n % 5 = 0 THEN 'CLIENT' ELSE 'LEAD' END,
      now() - make_interval(secs => n / 7), 'c' || n || '@x.org'
    FROM generate_series(1, ${CLIENTS}) n`);
});
afterAll(() => t?.close());

async function exported(search = '', by = 'admin'): Promise<Record<string, string>[]> {
  const answer = await t.ask('GET', EXPORT + search, undefined, by);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
  return parse(answer.raw, { columns: true, bom: true });
}

test('holds every client once, newest first, over several batches', async () => {
  const rows = await exported();
  const expected = await t.sql(
    'SELECT id::text FROM immigration_client ORDER BY created_at DESC, immigration_client.id DESC',
  );
  expect(rows.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
});

test('is written into the audit log: who had which clients, batch by batch', async () => {
  const rows = await exported('?search=C1', 'branch1');
  const entries = await t.sql(
    `SELECT username, address IS NOT NULL AS "from", request_id, record_ids FROM audit_entry
     WHERE operation = 'read' AND entity = 'client' AND user_id = (
       SELECT id FROM immigration_user WHERE username = 'branch1')`,
  );
  expect(entries.map(({ username, from }) => [username, from])).toEqual([['branch1', true]]);
  expect((entries as { record_ids: unknown[] }[])[0]?.record_ids.map(String)).toEqual(
    rows.map(({ id }) => id).sort((one, other) => Number(one) - Number(other)),
  );
  await exported();
  const batches = await t.sql(
    `SELECT cardinality(record_ids) AS n FROM audit_entry
     WHERE request_id = (SELECT request_id FROM audit_entry ORDER BY id DESC LIMIT 1) ORDER BY id`,
  );
  expect(batches.map(({ n }) => n)).toEqual([1_000, 1_000, CLIENTS - 2_000]);
});

test('has the list’s filters, and the scope', async () => {
  const ids = async (path: string, by: string) =>
    (await t.ask('GET', path, undefined, by)).body.results.map(({ id }: { id: number }) => String(id));
  for (const [search, by] of [
    ['search=C23', 'admin'],
    ['stage=CLIENT&email=c10', 'branch1'],
    ['first_name=c9&active=false&include_deleted=true', 'branch3'],
    ['visa_category=1', 'admin'],
  ] as const) {
    const pages: string[] = [];
    for (let page = 1; ; page++) {
      const answer = await t.ask(
        'GET',
        `/api/v1/clients/?${search}&page_size=100&page=${page}`,
        undefined,
        by,
      );
      pages.push(...answer.body.results.map(({ id }: { id: number }) => String(id)));
      if (!answer.body.next) break;
    }
    expect((await exported(`?${search}`, by)).map(({ id }) => id)).toEqual(pages);
  }
  expect(await exported('', 'homeless')).toEqual([]);
  expect(await ids('/api/v1/clients/?page_size=1', 'branch1')).toHaveLength(1);
});

test('is for those who hold view_client, and names a filter that does not parse', async () => {
  expect((await t.ask('GET', EXPORT, undefined, 'groupless')).status).toBe(403);
  expect((await t.ask('GET', EXPORT, undefined, 'nobody')).status).toBe(401);
  const answer = await t.ask('GET', `${EXPORT}?visa_category=x`);
  expect([answer.status, answer.body]).toEqual([400, { visa_category: ['A valid integer is required.'] }]);
  expect((await t.ask('GET', '/api/v1/clients/export')).status).toBe(301);
  const head = await t.ask('HEAD', EXPORT);
  expect([head.status, head.headers['content-disposition'], head.raw.length]).toEqual([
    200,
    'attachment; filename="clients.csv"',
    0,
  ]);
});

test('begins with a byte order mark where that is wanted', async () => {
  const mark = async (search: string) =>
    (await t.ask('GET', EXPORT + search)).raw.subarray(0, 3).toString('hex');
  expect([await mark('?bom=true&search=C1'), await mark('?search=C1')]).toEqual(['efbbbf', '69642c']);
});

test('holds no formula, and can be brought in again as it was', async () => {
  const given = {
    first_name: '=HYPERLINK("http://x")',
    last_name: '@SUM(1)',
    email: 'formula@x.org',
    phone_number: '+977 1 2345678',
    gender: 'FEMALE',
    country: 'NP',
    description: '-1, "quoted"\n=2+2',
    dob: '1990-02-28',
    visa_category_id: 1,
    agent_id: 1,
    assigned_to_id: 6,
    branch_id: 2,
    stage: 'CLIENT',
    active: true,
  };
  const { body: made } = await t.ask('POST', '/api/v1/clients/', given);
  const file = (await t.ask('GET', `${EXPORT}?email=formula@`)).raw;
  const [row] = parse(file, { columns: true }) as Record<string, string>[];
  for (const cell of Object.values(row ?? {})) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
  expect(row).toMatchObject({
    first_name: `'${given.first_name}`,
    phone_number: `'${given.phone_number}`,
    agent: 'Agent A',
  });

  await t.ask('DELETE', `/api/v1/clients/${made.id}/`);
  const { id } = await t.upload(file);
  expect(await t.done(id, 'run')).toMatchObject({ status: 'COMPLETED', created: 1 });
  const { body: list } = await t.ask('GET', '/api/v1/clients/?email=formula@');
  const unalike = { id: 0, created_at: '', updated_at: '' };
  expect({ ...list.results[0], ...unalike }).toEqual({ ...made, ...unalike });
  await t.ask('DELETE', `${IMPORTS}${id}/`);
});

describe('a reader', () => {
  test('that does not read holds no connection, and does not keep others waiting', async () => {
    await t.sql(`UPDATE immigration_client SET description = repeat('long text ', 800)`);
    const { hostname, port } = new URL(t.app.base);
    const sockets = Array.from({ length: 12 }, () => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.pause();
      socket.write(
        `GET ${EXPORT} HTTP/1.1\r\nHost: main.localhost\r\nAuthorization: Bearer ${t.tokens.admin}\r\n\r\n`,
      );
      return socket;
    });
    await sleep(1_500);
    for (let asked = 0; asked < 10; asked++) {
      expect((await t.ask('GET', '/api/v1/clients/?page_size=1')).status).toBe(200);
    }
    const held = () => {
      const { open, idle, waiting } = t.app.database.load;
      return [open - idle, waiting];
    };
    await expect.poll(held).toEqual([0, 0]);
    for (const socket of sockets) socket.destroy();
  });

  test('that stalls is cut off, and one that goes away ends the work', async () => {
    let made = 0;
    const next = async () => {
      await sleep(1);
      return `${made++} ${'x'.repeat(100_000)}`;
    };
    const stalled = new Pieces('first', next, 50);
    const failed = new Promise<Error>((resolve) => stalled.once('error', resolve));
    stalled.read();
    expect((await failed).message).toBe('the reader has stalled');
    const before = made;
    await sleep(100);
    expect(made).toBe(before);

    const left = new Pieces('first', next, 10_000);
    left.resume();
    await sleep(20);
    left.destroy();
    const atEnd = made;
    await sleep(50);
    expect(made).toBeLessThanOrEqual(atEnd + 1);
  });

  test('sees that it is cut off when the database fails on the way', async () => {
    let pieces = 0;
    const failing = new Pieces('first', async () => {
      if (pieces++ > 0) throw new Error('gone');
      return 'second';
    });
    const text: string[] = [];
    await expect(
      (async () => {
        for await (const piece of failing) text.push(piece);
      })(),
    ).rejects.toThrow('gone');
    expect(text.join('')).toMatch(/^first/);
  });
});
