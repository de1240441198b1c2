import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { insert } from '../../../test/helpers/samples/insert.js';
import { recordSentBatches } from '../../../test/helpers/sent-batches.js';
import { seedStaff } from '../../../test/helpers/staff.js';
import type { CurrentUser } from '../../auth/current-user.js';
import { withOwner } from '../../database/owner.js';
import { statement } from '../../database/statement.js';
import { QueryParameters } from '../../http/fields/query-parameters.js';
import { asAsked } from './matching.js';
import { SEARCHED_KINDS } from './schemas.js';
import { readSearchQuery } from './search-query.js';
import { searchStatement } from './statement.js';

// The search texts of clients that migrations/tenant/0035_folded_search.sql maintains.

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

const sql = (text: string, parameters: unknown[] = []) =>
  withOwner(app.databases.admin, async (client) => {
    await client.query('SET search_path TO tenant_main');
    return (await client.query(text, parameters)).rows;
  });
const keptOf = async (id: number) =>
  (
    await sql('SELECT branch_id::int, archived, text, names FROM client_search WHERE client_id = $1', [id])
  )[0];
const create = (values: object) =>
  app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, (transaction) =>
    insert(transaction, 'immigration_client', { gender: 'FEMALE', country: 'NP', ...values }),
  );

const admin: CurrentUser = {
  id: 1,
  username: 'admin',
  email: '',
  isActive: true,
  isSuperuser: true,
  groups: ['SUPER_ADMIN'],
  permissions: new Set(),
  branchIds: [],
  regionIds: [],
  regionBranchIds: [],
  tokensFrom: 0,
  endedSessions: new Set(),
};

test('the name in every order, e-mail address and phone number, folded', async () => {
  const id = await create({
    first_name: 'Thị Hương',
    middle_name: 'Đỗ',
    last_name: 'NGUYỄN',
    email: 'Huong@Example.com',
    phone_number: '+8491',
    branch_id: 2,
  });
  const { branch_id, text, names } = await keptOf(id);
  expect([branch_id, names]).toEqual([2, 'thi huong do nguyen']);
  expect(text.split('\x1f')).toEqual([
    '',
    'thi huong do nguyen',
    'nguyen do thi huong',
    'nguyen thi huong',
    'nguyenthi huong',
    'thi huongnguyen',
    '\x1e',
    'huong@example.com',
    '+8491',
    '\x1d',
    'thi huong nguyen',
    '',
  ]);
});

test('follows every change, whoever makes it', async () => {
  const id = await create({ first_name: 'Before', branch_id: 1 });
  const path = `/api/v1/clients/${id}/`;
  expect((await app.ask('PATCH', path, { token, body: { first_name: 'After' } })).status).toBe(200);
  expect((await keptOf(id)).names).toBe('after');
  await sql('UPDATE immigration_client SET last_name = $2, branch_id = 3 WHERE id = $1', [id, 'Sql']);
  expect(await keptOf(id)).toMatchObject({ names: 'after sql', branch_id: 3 });
  expect((await app.ask('DELETE', path, { token })).status).toBe(204);
  expect(await keptOf(id)).toMatchObject({ names: 'after sql', branch_id: 3, archived: true });
  expect((await app.ask('POST', `${path}restore/`, { token })).status).toBe(200);
  expect(await keptOf(id)).toMatchObject({ names: 'after sql', branch_id: 3, archived: false });
  await sql('UPDATE immigration_client SET id = 90001, first_name = $2 WHERE id = $1', [id, 'Moved']);
  expect([await keptOf(id), await keptOf(90_001)]).toMatchObject([undefined, { names: 'moved sql' }]);
  await sql('UPDATE immigration_client SET id = $1 WHERE id = 90001', [id]);
  await sql('DELETE FROM immigration_client WHERE id = $1', [id]);
  expect(await keptOf(id)).toBeUndefined();
});

test('what is changed in vain or beside it is not written again', async () => {
  const id = await create({ first_name: 'Same' });
  const version = async () =>
    (await sql('SELECT xmin FROM client_search WHERE client_id = $1', [id]))[0].xmin;
  const before = await version();
  await sql("UPDATE immigration_client SET first_name = 'Same', stage = 'CLIENT' WHERE id = $1", [id]);
  expect(await version()).toBe(before);
});

test('the tenant’s role cannot change it', async () => {
  const attempt = app.database.tenantQuery(
    { schema: 'tenant_main', userId: null },
    statement("UPDATE client_search SET text = ''"),
  );
  await expect(attempt).rejects.toMatchObject({ code: '42501' });
});

const fill = async () => {
  await sql(
    `INSERT INTO immigration_client (first_name, last_name, email, phone_number, gender, country)
     SELECT 'Given' || n, 'Family' || n, 'given' || n || '@example.com', '04' || n, 'MALE', 'NP'
     FROM generate_series(1, 10000 - (SELECT count(*) FROM client_search)) n`,
  );
  await sql('ANALYZE client_search, immigration_client');
};

test.each(['ramesh', 'ramesh sharma', 'ra', '9841', 'r s'])(
  'among 10,000 clients, those with %j are found by the index',
  async (q) => {
    await fill();
    const query = readSearchQuery(new QueryParameters({ q }));
    const { sql: text, parameters } = searchStatement(admin, SEARCHED_KINDS, asAsked(query), query.limit);
    const lines = await app.database.tenantQuery(
      { schema: 'tenant_main', userId: null },
      statement<Record<string, string>>(`EXPLAIN ${text}`, parameters),
    );
    const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
    expect(plan).toContain('Bitmap Index Scan on client_search_trgm');
    expect(plan).not.toContain('Seq Scan on client_search');
  },
);

const plansOf = async (path: string) => {
  const sent = recordSentBatches();
  const { status } = await app.ask('GET', path, { token });
  sent.stop();
  expect(status).toBe(200);
  const asked = sent.batches.flatMap(({ statements, parameters }) =>
    statements.map(({ sql }, index) => ({ sql, values: JSON.parse(parameters[index] as string) })),
  );
  const [found] = asked.filter(({ sql }) => sql.includes('client_search'));
  const lines = await app.database.tenantQuery(
    { schema: 'tenant_main', userId: null },
    statement<Record<string, string>>(`EXPLAIN ${found?.sql}`, found?.values),
  );
  return lines.map((line) => line['QUERY PLAN']).join('\n');
};

test.each([
  'clients/?search=ramesh',
  'clients/?search=ram%C3%A9sh%20sharma',
  'clients/?search=family987&include_deleted=true',
  'clients/?email=given77',
  'clients/?first_name=given77',
  'clients/?last_name=family77&stage=LEAD',
])('%s is found by the index', async (path) => {
  await fill();
  const plan = await plansOf(`/api/v1/${path}`);
  expect(plan).toContain('Bitmap Index Scan on client_search_trgm');
  expect(plan).not.toMatch(/Seq Scan on (client_search|immigration_client) /);
});
