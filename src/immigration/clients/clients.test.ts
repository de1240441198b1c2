import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';

const CLIENTS = '/api/v1/clients/';

let app: TestApp;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  for (const name of [
    'admin',
    'manager1',
    'branch1',
    'branch3',
    'consultant1',
    'homeless',
    'groupless',
    'root',
  ]) {
    tokens[name] = await app.logIn(name);
  }
  tokens.elsewhere = await app.logIn('admin', 'demo');
});
afterAll(() => app?.close());

const as = (name: string) => ({ token: tokens[name] });
const person = (given: object) => ({ first_name: 'Maya', gender: 'FEMALE', country: 'NP', ...given });
async function create(given: object, by = 'admin'): Promise<{ id: number; [key: string]: unknown }> {
  const answer = await app.ask('POST', CLIENTS, { ...as(by), body: person(given) });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

describe('who may', () => {
  test('nobody without a token: 401', async () => {
    for (const [method, path] of [
      ['GET', CLIENTS],
      ['POST', CLIENTS],
      ['PATCH', `${CLIENTS}1/`],
    ] as const) {
      const answer = await app.ask(method, path);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="api"');
    }
  });

  test('nobody with another tenant’s token: 401', async () => {
    expect((await app.ask('GET', CLIENTS, as('elsewhere'))).status).toBe(401);
  });

  test('nobody without a group: 403, whatever the body holds', async () => {
    expect((await app.ask('GET', CLIENTS, as('groupless'))).status).toBe(403);
    expect((await app.ask('POST', CLIENTS, { ...as('groupless'), body: '{' })).status).toBe(403);
  });

  test('consultants may not archive', async () => {
    const { id } = await create({ branch_id: 1 });
    expect((await app.ask('DELETE', `${CLIENTS}${id}/`, as('consultant1'))).status).toBe(403);
  });

  test('a client of another tenant is answered like one that never was', async () => {
    const { id } = await create({ first_name: 'Secret' });
    const there = await app.ask('GET', `${CLIENTS}${id}/`, { host: 'demo', token: tokens.elsewhere });
    const nowhere = await app.ask('GET', `${CLIENTS}999999/`, { host: 'demo', token: tokens.elsewhere });
    expect(there.status).toBe(404);
    expect(there.raw.equals(nowhere.raw)).toBe(true);
  });
});

describe('scope', () => {
  test('staff see the clients of their branches; details outside are refused by name', async () => {
    const [one, three, none] = [
      await create({ first_name: 'Inone', branch_id: 1 }),
      await create({ first_name: 'Inthree', branch_id: 3 }),
      await create({ first_name: 'Innone' }),
    ];
    const seen = async (name: string) => {
      const { body } = await app.ask('GET', `${CLIENTS}?page_size=100`, as(name));
      const ids = body.results.map((client: { id: number }) => client.id);
      return [one, three, none].map(({ id }) => ids.includes(id));
    };
    expect(await seen('admin')).toEqual([true, true, true]);
    expect(await seen('root')).toEqual([true, true, true]);
    expect(await seen('manager1')).toEqual([true, false, false]);
    expect(await seen('branch3')).toEqual([false, true, false]);
    expect(await seen('homeless')).toEqual([false, false, false]);
    const refused = await app.ask('GET', `${CLIENTS}${three.id}/`, as('branch1'));
    expect(refused.status).toBe(403);
    expect(refused.body.detail).toBe(`User branch1 does not have permission to access client ${three.id}`);
    const change = { ...as('branch1'), body: { first_name: '' } };
    expect((await app.ask('PATCH', `${CLIENTS}${three.id}/`, change)).status).toBe(403);
  });

  test('counts and stage counts agree with the scope', async () => {
    const list = await app.ask('GET', `${CLIENTS}?page_size=100`, as('branch1'));
    const stages = await app.ask('GET', `${CLIENTS}stage-counts/`, as('branch1'));
    expect(list.body.count).toBe(list.body.results.length);
    expect(stages.body.TOTAL).toBe(list.body.count);
  });

  test('a client belongs to its maker’s branch', async () => {
    expect((await create({}, 'consultant1')).branch).toBe(1);
    expect((await create({}, 'manager1')).branch).toBe(2);
    expect((await create({})).branch).toBeNull();
    const outside = await app.ask('POST', CLIENTS, { ...as('branch1'), body: person({ branch_id: 3 }) });
    expect(outside.status).toBe(403);
    expect((await app.ask('POST', CLIENTS, { ...as('homeless'), body: person({}) })).status).toBe(403);
  });

  test('branch admins assign within their branches, region managers within their regions', async () => {
    const { id } = await create({ branch_id: 1 });
    const assign = (by: string, to: string) =>
      app.ask('PATCH', `${CLIENTS}${id}/`, { ...as(by), body: { assigned_to_id: idOf(to) } });
    expect((await assign('branch1', 'consultant12')).status).toBe(200);
    const refused = await assign('branch1', 'branch3');
    expect([refused.status, refused.body.detail]).toEqual([
      403,
      'Branch Admin cannot assign clients to users outside their branches',
    ]);
    expect((await assign('manager1', 'manager2')).body.detail).toBe(
      'Region Manager cannot assign clients to users outside their regions',
    );
    expect((await assign('consultant1', 'consultant12')).status).toBe(200);
    expect((await assign('consultant1', 'branch3')).body.detail).toBe(
      'Consultant cannot assign clients to users outside their branches',
    );
    expect((await assign('admin', 'branch3')).status).toBe(200);
    // Sending the present value is no assignment.
    expect((await assign('branch1', 'branch3')).status).toBe(200);
  });

  test('nobody assigns to the disabled; who is assigned already may stay', async () => {
    const { id } = await create({ branch_id: 1 });
    const gone = idOf('gone');
    const body = { assigned_to_id: gone };
    const refused = { detail: `Assigned user with id=${gone} is disabled` };
    const answer = await app.ask('PATCH', `${CLIENTS}${id}/`, { ...as('admin'), body });
    expect([answer.status, answer.body]).toEqual([400, refused]);
    const created = await app.ask('POST', CLIENTS, { ...as('admin'), body: person(body) });
    expect([created.status, created.body]).toEqual([400, refused]);
    await tenantSql(app.databases.admin, 'UPDATE immigration_client SET assigned_to_id = $1 WHERE id = $2', [
      gone,
      id,
    ]);
    const kept = await app.ask('PATCH', `${CLIENTS}${id}/`, { ...as('branch1'), body });
    expect([kept.status, kept.body.assigned_to]).toEqual([200, gone]);
  });
});

describe('changing', () => {
  test('what is given, and nothing else; null and "" clear', async () => {
    const made = await create({ last_name: 'Rai', email: 'm@example.com', dob: '1990-02-28', agent_id: 1 });
    const changed = await app.ask('PUT', `${CLIENTS}${made.id}/`, {
      ...as('root'),
      body: { email: '', dob: null, agent_id: null, stage: '', unknown: 1 },
    });
    expect(changed.status).toBe(200);
    const { updated_at, ...rest } = changed.body;
    const { updated_at: before, ...was } = made;
    expect(rest).toEqual({
      ...was,
      email: '',
      dob: null,
      agent: null,
      agent_name: null,
      stage: 'LEAD',
      updated_by: idOf('root'),
    });
    expect(updated_at > (before as string)).toBe(true);
  });

  test.each([
    [{ assigned_to_id: 99_999 }, { detail: 'Assigned user with id=99999 does not exist' }],
    [{ assigned_to_id: 1e30 }, { detail: 'Assigned user with id=1e+30 does not exist' }],
    [{ agent_id: 77 }, { agent_id: ['Invalid pk "77" - object does not exist.'] }],
    [{ visa_category_id: -1 }, { visa_category_id: ['Invalid pk "-1" - object does not exist.'] }],
    [{ branch_id: 44 }, { branch_id: ['Invalid pk "44" - object does not exist.'] }],
    [{ country: 'XX' }, { country: ['"XX" is not a valid choice.'] }],
    [{ country: '' }, { country: ['This field may not be blank.'] }],
    [{ gender: null }, { gender: ['This field may not be null.'] }],
    [{ first_name: '   ' }, { first_name: ['This field may not be blank.'] }],
    [{ first_name: 'a\0b' }, { first_name: ['Null characters are not allowed.'] }],
    [{ last_name: '\ud800' }, { last_name: ['Not a valid string.'] }],
    [
      { phone_number: '1'.repeat(16) },
      { phone_number: ['Ensure this field has no more than 15 characters.'] },
    ],
    [
      { dob: '2023-02-30' },
      { dob: ['Date has wrong format. Use one of these formats instead: YYYY-MM-DD.'] },
    ],
    [{ active: 'maybe' }, { active: ['Must be a valid boolean.'] }],
    [{ stage: 'WON' }, { stage: ['"WON" is not a valid choice.'] }],
    [{ email: 'a@b' }, { email: ['Enter a valid email address.'] }],
  ])('refuses %j', async (given, message) => {
    const { id } = await create({});
    for (const [method, path] of [
      ['POST', CLIENTS],
      ['PATCH', `${CLIENTS}${id}/`],
    ] as const) {
      const answer = await app.ask(method, path, { ...as('admin'), body: person(given) });
      expect([answer.status, answer.body]).toEqual([400, message]);
    }
  });

  test('a record that is not there answers before what is wrong with the body', async () => {
    const answer = await app.ask('PATCH', `${CLIENTS}999999/`, { ...as('admin'), body: { gender: 'X' } });
    expect([answer.status, answer.body]).toEqual([404, { detail: 'Client not found' }]);
    for (const id of ['0', '-1', 'abc', '9'.repeat(300), '1e3', '%00']) {
      expect((await app.ask('GET', `${CLIENTS}${id}/`, as('admin'))).body).toEqual({
        detail: 'Client not found',
      });
    }
  });

  test('two changes at the same moment: both count', async () => {
    const { id } = await create({});
    const change = (body: object) => app.ask('PATCH', `${CLIENTS}${id}/`, { ...as('admin'), body });
    await Promise.all([change({ suburb: 'Lalitpur' }), change({ state: 'Bagmati' })]);
    const { body } = await app.ask('GET', `${CLIENTS}${id}/`, as('admin'));
    expect([body.suburb, body.state]).toEqual(['Lalitpur', 'Bagmati']);
  });

  test('archiving and restoring', async () => {
    const { id } = await create({ branch_id: 1 });
    const path = `${CLIENTS}${id}/`;
    const total = async () => (await app.ask('GET', `${CLIENTS}stage-counts/`, as('admin'))).body.TOTAL;
    const before = await total();
    expect((await app.ask('POST', `${path}restore/`, as('admin'))).body).toEqual({
      detail: 'Client not found or not soft-deleted',
    });
    const gone = await app.ask('DELETE', path, as('admin'));
    expect([gone.status, gone.raw.length]).toEqual([204, 0]);
    expect((await app.ask('GET', path, as('admin'))).status).toBe(404);
    expect((await app.ask('GET', `${path}timeline/`, as('admin'))).status).toBe(404);
    expect(await total()).toBe(before - 1);
    const { body } = await app.ask('GET', `${CLIENTS}?include_deleted=TRUE&page_size=1`, as('admin'));
    expect(body.results[0].id).toBe(id);
    expect((await app.ask('POST', `${path}restore/`, as('branch3'))).status).toBe(403);
    expect((await app.ask('POST', `${path}restore/`, as('branch1'))).status).toBe(200);
    expect(await total()).toBe(before);
  });
});

describe('finding', () => {
  test('part of a name, e-mail or phone, whatever the case and script', async () => {
    const made = await create({
      first_name: 'Élodie',
      last_name: 'Nguyễn',
      email: 'Elodie.N@Example.com',
      phone_number: '+61 400 77%_',
    });
    const found = async (query: string) => {
      const { body } = await app.ask('GET', `${CLIENTS}?${query}`, as('admin'));
      return body.results.map(({ id }: { id: number }) => id).includes(made.id);
    };
    for (const query of [
      'search=%C3%A9LOD',
      'search=NGUY%E1%BB%84N',
      'search=elodie.n@',
      'search=400%2077',
      'search=elodie%20nguyen',
      'search=elodie%20%20nguyen',
      'search=%C3%A9lodie%C2%A0%09nguyen',
      'search=77%25_',
      'email=example.COM',
      'first_name=lod',
      'last_name=guy',
      'search=&stage=',
      'stage[]=LEAD&stage[]=CLOSE',
      'stage=CLOSE&stage=LEAD',
      'active=no',
    ]) {
      expect(await found(query), query).toBe(true);
    }
    for (const query of [
      'search=nobody',
      'search=7_%25',
      'last_name=lod',
      'active=1',
      'stage=NONE',
      'visa_category=1',
      'search=ElodieNguy',
      'search=%27%20OR%201=1--',
    ]) {
      expect(await found(query), query).toBe(false);
    }
  });

  test('what does not parse is named', async () => {
    const answer = await app.ask('GET', `${CLIENTS}?visa_category=x`, as('admin'));
    expect([answer.status, answer.body]).toEqual([400, { visa_category: ['A valid integer is required.'] }]);
    expect((await app.ask('GET', `${CLIENTS}?search=a%00b`, as('admin'))).status).toBe(400);
    expect((await app.ask('GET', `${CLIENTS}?visa_category=1e99`, as('admin'))).status).toBe(400);
    expect((await app.ask('GET', `${CLIENTS}?visa_category=${'9'.repeat(40)}`, as('admin'))).body.count).toBe(
      0,
    );
  });

  test('pages link to each other', async () => {
    const { body: first } = await app.ask('GET', `${CLIENTS}?page_size=2&active=false`, as('admin'));
    expect(first.previous).toBeNull();
    expect(first.next).toBe('http://main.localhost/api/v1/clients/?active=false&page=2&page_size=2');
    const { body: second } = await app.ask(
      'GET',
      first.next.slice('http://main.localhost'.length),
      as('admin'),
    );
    expect(second.previous).toBe('http://main.localhost/api/v1/clients/?active=false&page_size=2');
    const { body: last } = await app.ask('GET', `${CLIENTS}?page_size=2&active=false&page=last`, as('admin'));
    expect(last.next).toBeNull();
    expect(last.results.length).toBe(last.count % 2 || 2);
    for (const page of ['0', '-1', 'x', '999999999']) {
      const answer = await app.ask('GET', `${CLIENTS}?page=${page}`, as('admin'));
      expect([answer.status, answer.body]).toEqual([404, { detail: 'Invalid page.' }]);
    }
    expect((await app.ask('GET', `${CLIENTS}?page_size=x`, as('admin'))).status).toBe(200);
  });
});
