import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantTables } from '../../src/database/generated/tables.js';
import { sql } from '../../src/database/sql.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import { updateOf } from '../../src/database/writes.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { isList } from '../helpers/routes.js';
import { sampleOf } from '../helpers/samples/index.js';
import { insert } from '../helpers/samples/insert.js';
import { seedStaff } from '../helpers/staff.js';

// Text filters of every list: the same folding, also for text that was stored decomposed, and a maximum length.

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

type Writing<T> = (transaction: TenantTransaction) => Promise<T> | undefined;
const write = <T>(writing: Writing<T>) =>
  app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) =>
    writing(transaction),
  );

const list = (table: keyof TenantTables, filters: Readonly<Record<string, readonly string[]>>) => ({
  table,
  cases: Object.entries(filters).flatMap(([filter, columns]) =>
    columns.map((column) => ({ filter, column })),
  ),
});
const own = (...columns: string[]) => Object.fromEntries(columns.map((column) => [column, [column]]));

/** Filters by path, and the columns in which each searches. */
const LISTS = {
  clients: list('immigration_client', {
    ...own('email', 'first_name', 'last_name'),
    search: ['first_name', 'last_name', 'email', 'phone_number'],
  }),
  'clients/export': list('immigration_client', { search: ['first_name'], email: ['email'] }),
  agents: list('immigration_agent', {
    ...own('agent_name', 'email', 'phone_number'),
    search: ['agent_name', 'email', 'phone_number'],
  }),
  branches: list('immigration_branch', {
    ...own('name', 'phone', 'state'),
    search: ['name', 'phone', 'website', 'suburb', 'state'],
  }),
  regions: list('immigration_region', { ...own('name'), search: ['name', 'description'] }),
  users: list('immigration_user', {
    ...own('email'),
    search: ['first_name', 'last_name', 'email', 'username'],
  }),
  'users/assignable': list('immigration_user', { search: ['first_name', 'last_name', 'email', 'username'] }),
  'users/second-factor': list('immigration_user', {
    search: ['first_name', 'last_name', 'email', 'username'],
  }),
  'visa-types': list('immigration_visatype', { search: ['name', 'code'] }),
  'language-exams': list('immigration_lpe', own('name')),
  'application-types': list('immigration_applicationtype', own('title')),
  institutes: list('immigration_institute', { ...own('name', 'short_name'), search: ['name', 'short_name'] }),
  events: list('immigration_calendar_event', { search: ['title', 'description', 'location'] }),
} as const;

/** Parameters of lists that are texts but not searched in texts. */
const OTHERS = new Set([
  ...['stage', 'status', 'type', 'country', 'agent_type', 'activity_type', 'group', 'priority', 'ordering'],
  ...['entity', 'operation', 'kind', 'page', 'q', 'address'],
]);

test('every text filter of a list is among these, or finds clients by their names', () => {
  const found = app.app.routes
    .filter((route) => isList(route) || route.path.endsWith('/export/'))
    .flatMap(({ path, query }) =>
      Object.entries(query ?? {})
        .filter(([name, schema]) => schema.type === 'string' && !schema.format && !OTHERS.has(name))
        .map(([name]) => `${path.slice('/api/v1/'.length, -1)} ${name}`),
    );
  const named = Object.entries(LISTS).flatMap(([path, { cases }]) =>
    cases.map(({ filter }) => `${path} ${filter}`),
  );
  const alike =
    Object.keys(LISTS.clients.cases).length > 0 ? ['email', 'first_name', 'last_name', 'search'] : [];
  const exported = alike.map((filter) => `clients/export ${filter}`);
  const byClient = ['visa-applications client_name', 'college-applications client_name'];
  expect(found.filter((one) => ![...named, ...exported, ...byClient].includes(one))).toEqual([]);
});

const find = async (path: string, filter: string, text: string) => {
  const { status, body } = await app.ask(
    'GET',
    `/api/v1/${path}/?${new URLSearchParams({ [filter]: text })}`,
    { token },
  );
  expect(status, JSON.stringify(body)).toBe(200);
  if (typeof body === 'string')
    return body
      .trim()
      .split('\r\n')
      .slice(1)
      .map((line: string) => Number(line.split(',')[0]));
  const items = Array.isArray(body) ? body : body.results;
  return items.map(({ id }: { id: number }) => id);
};

/** A stored text, searches that find it, and searches that do not. */
const TEXT = {
  stored: 'Yız’é Ł'.normalize('NFD'),
  found: ["yiz'e l", "YIZ'É Ł", 'ｙız’É ł', "z'e\u0301 l"],
  missed: ["yiz'a", "yiz'e%", '\u0301'],
};
/** The same for columns that hold only ASCII. */
const ASCII = { stored: 'Yize_l@el.fr', found: ['yızé', 'YIZE_', 'ｙｉｚｅ'], missed: ['yizel', 'y%e'] };

describe.each(Object.entries(LISTS))('%s', (path, { table, cases }) => {
  test.each(cases)('$filter in $column, as others type it', async ({ filter, column }) => {
    const { stored, found, missed } = /email|username/.test(column) ? ASCII : TEXT;
    const change = (values: object, id: number) =>
      write((transaction) =>
        transaction.query(sql`${updateOf(table as keyof TenantTables, values as never)} WHERE id = ${id}`),
      );
    const sample = sampleOf(`/api/v1/${path.split('/')[0]}/`);
    const id = (await write((transaction) => sample?.create(transaction, { archived: false }))) as number;
    await change({ [column]: stored, ...(table === 'immigration_user' && { is_active: true }) }, id);
    try {
      for (const text of found) expect(await find(path, filter, text), text).toEqual([id]);
      for (const text of missed) expect(await find(path, filter, text), text).toEqual([]);
    } finally {
      await change({ [column]: `x${id}@x.org` }, id);
    }
  });

  test('longer than 200 characters is refused', async () => {
    for (const filter of new Set(cases.map(({ filter }) => filter))) {
      const ask = (text: string) =>
        app.ask('GET', `/api/v1/${path}/?${new URLSearchParams({ [filter]: text })}`, { token });
      const { status, body } = await ask('%'.repeat(201));
      const message = 'Ensure this field has no more than 200 characters.';
      expect({ status, body }).toEqual({ status: 400, body: { [filter]: [message] } });
      expect((await ask('😀'.repeat(200))).status).toBe(200);
    }
  });
});

describe('"first last"', () => {
  const PERSON = { first_name: 'Anaïs Marie', last_name: 'Lefèvre' };
  const APPLICATIONS = [
    ['visa-applications', 'immigration_visaapplication'],
    ['college-applications', 'immigration_collegeapplication'],
  ] as const;
  let clientId: number;
  beforeAll(async () => {
    clientId = (await write((transaction) =>
      insert(transaction, 'immigration_client', {
        ...PERSON,
        middle_name: 'Zoé',
        gender: 'FEMALE',
        country: 'FR',
        email: 'al@example.com',
        phone_number: '4711',
      }),
    )) as number;
    await write((transaction) =>
      transaction.query(sql`${updateOf('immigration_user', PERSON)} WHERE username = 'consultant3'`),
    );
    for (const [path, table] of APPLICATIONS) {
      const id = await write((transaction) =>
        sampleOf(`/api/v1/${path}/`)?.create(transaction, { archived: false }),
      );
      await write((transaction) =>
        transaction.query(sql`${updateOf(table, { client_id: clientId })} WHERE id = ${id}`),
      );
    }
  });

  test.each(['marie lefevre', 'ANAIS', 'lefèvre', 's marie le'])(
    '%s finds the client, the user, applications',
    async (text) => {
      expect(await find('clients', 'search', text)).toEqual([clientId]);
      expect(await find('users', 'search', text)).toHaveLength(1);
      expect(await find('users/assignable', 'search', text)).toHaveLength(1);
      for (const [path] of APPLICATIONS) {
        expect(await find(path, 'client_name', text), path).toHaveLength(1);
      }
    },
  );

  test.each(['lefevre anais', 'marielefevre', 'zoe', 'lefevre al@', 'al@example.com4711'])(
    '%s, which is in no field, finds nothing',
    async (text) => {
      expect(await find('clients', 'search', text)).toEqual([]);
      expect(await find('visa-applications', 'client_name', text)).toEqual([]);
    },
  );

  test('applications are not found by other fields of the client', async () => {
    for (const text of ['4711', 'al@example']) {
      expect(await find('clients', 'search', text)).toEqual([clientId]);
      expect(await find('visa-applications', 'client_name', text)).toEqual([]);
    }
    const refused = await app.ask('GET', `/api/v1/visa-applications/?client_name=${'x'.repeat(201)}`, {
      token,
    });
    expect(refused.status).toBe(400);
  });
});
