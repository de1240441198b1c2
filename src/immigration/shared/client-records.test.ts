import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';

// What qualifications, employments and results of language exams have in common, as records of a client.

let app: TestApp;
const tokens: Record<string, string> = {};
let exam: number;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'manager1', 'branch1', 'branch3', 'homeless']) {
    tokens[name] = await app.logIn(name);
  }
  exam = (await made('language-exams/', { name: 'IELTS', validity_term: 2 })).id;
});
afterAll(() => app?.close());

const ask = (method: string, path: string, body?: object, by = 'admin') =>
  app.ask(method, `/api/v1/${path}`, { token: tokens[by], body });
async function made(path: string, body: object, by = 'admin') {
  const answer = await ask('POST', path, body, by);
  expect(answer.status, answer.raw.toString()).toBe(201);
  return answer.body;
}
const newClient = async (branch_id?: number): Promise<number> =>
  (
    await made('clients/', {
      first_name: 'Maya',
      gender: 'FEMALE',
      country: 'NP',
      ...(branch_id && { branch_id }),
    })
  ).id;

const KINDS: [path: string, body: object, whole: object, dates: [string | null, string]][] = [
  [
    'qualifications/',
    { course: 'BSc' },
    { institute: '', degree: '', field_of_study: '', enroll_date: null, completion_date: null, country: '' },
    ['enroll_date', 'completion_date'],
  ],
  [
    'employments/',
    { employer_name: 'A', position: 'B', start_date: '2020-01-01', end_date: '2020-01-01', country: 'NP' },
    {},
    ['start_date', 'end_date'],
  ],
  [
    'language-proficiencies/',
    { test_name_id: 1 },
    { test_name_display: 'IELTS', overall_score: null, writing_score: null, test_date: null },
    [null, 'test_date'],
  ],
];

describe.each(KINDS)('%s', (path, body, whole, [start, end]) => {
  test('is entered with the least there is, shown, changed and deleted', async () => {
    const client_id = await newClient();
    const record = await made(path, { ...body, client_id });
    expect(record).toMatchObject({ ...body, ...whole, client_id });
    expect((await ask('GET', `${path}${record.id}/`)).body).toEqual(record);

    const { status, body: changed } = await ask('PATCH', `${path}${record.id}/`, { [end]: '2024-02-29' });
    expect(status).toBe(200);
    expect(changed).toEqual({ ...record, [end]: '2024-02-29', updated_at: changed.updated_at });
    expect(changed.updated_at > record.updated_at).toBe(true);
    const put = await ask('PUT', `${path}${record.id}/`, { ...body, client_id });
    expect(put.body).toEqual({ ...changed, ...body, updated_at: put.body.updated_at });

    expect((await ask('DELETE', `${path}${record.id}/`)).status).toBe(204);
    expect((await ask('GET', `${path}${record.id}/`)).status).toBe(404);
    expect((await ask('DELETE', `${path}${record.id}/`)).status).toBe(404);
  });

  test('is in scope as its client is', async () => {
    const client_id = await newClient(1);
    const { id } = await made(path, { ...body, client_id }, 'branch1');
    const listed = async (by: string) =>
      (await ask('GET', `${path}?client_id=${client_id}`, undefined, by)).body.count;
    for (const by of ['admin', 'manager1', 'branch1']) {
      expect(await listed(by)).toBe(1);
      expect((await ask('GET', `${path}${id}/`, undefined, by)).status).toBe(200);
    }
    for (const by of ['branch3', 'homeless']) {
      expect(await listed(by)).toBe(0);
      for (const [method, given] of [
        ['GET'],
        ['PATCH', {}],
        ['PATCH', { client_id: 'x' }],
        ['DELETE'],
      ] as const) {
        expect((await ask(method, `${path}${id}/`, given, by)).status).toBe(403);
      }
      expect((await ask('POST', path, { ...body, client_id }, by)).status).toBe(403);
    }
    // It cannot be moved out of one's reach either.
    const far = await newClient(3);
    expect((await ask('PATCH', `${path}${id}/`, { client_id: far }, 'branch1')).status).toBe(403);
    expect((await ask('PATCH', `${path}${id}/`, { client_id: far })).body.client_id).toBe(far);
    expect((await ask('GET', `${path}${id}/`, undefined, 'branch1')).status).toBe(403);
  });

  test('goes and comes back with its client', async () => {
    const client_id = await newClient();
    const { id } = await made(path, { ...body, client_id });
    await ask('DELETE', `clients/${client_id}/`);
    for (const [method, given] of [['GET'], ['PATCH', { client_id: 'x' }], ['DELETE']] as const) {
      expect((await ask(method, `${path}${id}/`, given)).status).toBe(404);
    }
    expect((await ask('GET', `${path}?client_id=${client_id}`)).body.count).toBe(0);
    const refused = await ask('POST', path, { ...body, client_id });
    expect([refused.status, refused.body]).toEqual([
      400,
      { client_id: [`Invalid pk "${client_id}" - object does not exist.`] },
    ]);
    await ask('POST', `clients/${client_id}/restore/`);
    expect((await ask('GET', `${path}${id}/`)).status).toBe(200);
  });

  test('comes with the latest first, what has no date yet before that', async () => {
    const client_id = await newClient();
    const dates = ['2023-05-05', '2024-05-05', '2022-05-05', '2024-05-05'];
    const first = start ? { [start]: '2020-01-01' } : {};
    const ids: number[] = [];
    for (const date of dates) ids.push((await made(path, { ...body, ...first, client_id, [end]: date })).id);
    const open = path === 'employments/' ? [] : [(await made(path, { ...body, client_id })).id];
    const { results } = (await ask('GET', `${path}?client_id=${client_id}`)).body;
    const sorted = [3, 1, 0, 2].map((index) => ids[index]);
    expect(results.map((record: { id: number }) => record.id)).toEqual([...open, ...sorted]);
    const { body: last } = await ask('GET', `${path}?client_id=${client_id}&page_size=3&page=last`);
    expect(last.results.at(-1).id).toBe(ids[2]);
    expect((await ask('GET', `${path}?client_id=x`)).status).toBe(400);
  });

  if (start === null) return;
  test('may not end before it began, whichever of both is changed', async () => {
    const client_id = await newClient();
    const wrong = { ...body, client_id, [start]: '2024-03-02', [end]: '2024-03-01' };
    const refused = await ask('POST', path, wrong);
    expect(refused.status).toBe(400);
    expect(Object.keys(refused.body)).toEqual([end]);
    const { id } = await made(path, { ...wrong, [end]: '2024-03-02' });
    const change = (given: object) => ask('PATCH', `${path}${id}/`, given);
    expect(Object.keys((await change({ [end]: '2024-03-01' })).body)).toEqual([end]);
    expect(Object.keys((await change({ [start]: '2024-03-03' })).body)).toEqual([end]);
    expect((await change({ [start]: '2025-01-01', [end]: '2025-01-01' })).status).toBe(200);
  });

  test('changed twice at the same moment: both count, or the second is checked against the first', async () => {
    const client_id = await newClient();
    const { id } = await made(path, { ...body, client_id, [start]: '2020-01-01', [end]: '2024-01-01' });
    const answers = await Promise.all([
      ask('PATCH', `${path}${id}/`, { [start]: '2023-01-01' }),
      ask('PATCH', `${path}${id}/`, { [end]: '2022-01-01' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const { body: record } = await ask('GET', `${path}${id}/`);
    expect(record[start] <= record[end]).toBe(true);
  });
});

describe('results of language exams', () => {
  const path = 'language-proficiencies/';

  test('have scores with one place', async () => {
    const client_id = await newClient();
    const given = {
      client_id,
      test_name_id: exam,
      overall_score: 7,
      reading_score: '6.50',
      writing_score: '999.9',
    };
    const { body, status } = await ask('POST', path, { ...given, reading_score: '6.5' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ overall_score: '7.0', reading_score: '6.5', writing_score: '999.9' });
    const problems = await ask('POST', path, { ...given, overall_score: '-1', writing_score: 1000 });
    expect(Object.keys(problems.body).sort()).toEqual(['overall_score', 'reading_score', 'writing_score']);
    expect(
      (await ask('PUT', `${path}${body.id}/`, { client_id, test_name_id: exam, overall_score: null })).body,
    ).toMatchObject({ overall_score: null, reading_score: '6.5' });
  });

  test('name an exam that exists', async () => {
    const client_id = await newClient();
    for (const test_name_id of [999_999, -1, 2 ** 53]) {
      const answer = await ask('POST', path, { client_id, test_name_id });
      expect([answer.status, answer.body]).toEqual([
        400,
        { test_name_id: [`Invalid pk "${test_name_id}" - object does not exist.`] },
      ]);
    }
    const both = await ask('POST', path, { client_id: 999_999, test_name_id: 999_999 });
    expect(both.status).toBe(400);
  });

  test('are filtered by exam and day', async () => {
    const client_id = await newClient();
    const other = await made('language-exams/', { name: 'PTE' });
    const days = ['2031-01-01', '2031-01-02'];
    for (const test_date of days) await made(path, { client_id, test_name_id: exam, test_date });
    await made(path, { client_id, test_name_id: other.id, test_date: days[0] });
    const count = async (query: string) =>
      (await ask('GET', `${path}?client_id=${client_id}&${query}`)).body.count;
    expect(await count(`test_name_id=${exam}`)).toBe(2);
    expect(await count('test_date=2031-01-01')).toBe(2);
    expect(await count(`test_date=2031-01-01&test_name_id=${other.id}`)).toBe(1);
    expect(await count('test_name_id=')).toBe(3);
    expect((await ask('GET', `${path}?test_date=2031-02-30`)).body).toHaveProperty('test_date');
  });
});

describe('language exams', () => {
  const path = 'language-exams/';

  test('have a name of their own, a term of no years and no stamp of a change yet', async () => {
    const created = await made(path, { name: ' TOEFL ' });
    expect(created).toEqual({
      id: created.id,
      name: 'TOEFL',
      validity_term: 0,
      description: '',
      created_at: created.created_at,
      updated_at: null,
    });
    const taken = { name: ['language proficiency exam with this name already exists.'] };
    expect((await ask('POST', path, { name: 'TOEFL' })).body).toEqual(taken);
    expect((await ask('PATCH', `${path}${exam}/`, { name: 'TOEFL' })).body).toEqual(taken);
    const renamed = await ask('PUT', `${path}${created.id}/`, { name: 'TOEFL', validity_term: 2 });
    expect(renamed.body).toMatchObject({ validity_term: 2, updated_at: expect.any(String) });
    expect((await ask('PATCH', `${path}${created.id}/`, { validity_term: 101 })).status).toBe(400);
    const { body } = await ask('GET', `${path}?name=toe`, undefined, 'homeless');
    expect(body.results).toEqual([renamed.body]);
    expect((await ask('POST', path, { name: 'Mine' }, 'branch3')).status).toBe(201);
    expect((await ask('POST', path, { name: 'Mine too' }, 'homeless')).status).toBe(403);
  });

  test('one of two who ask for a name at the same moment gets it', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => ask('POST', path, { name: 'Wanted' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400]);
  });

  test('stay while clients have taken them', async () => {
    const { id } = await made(path, { name: 'Leaving' });
    const { id: result } = await made('language-proficiencies/', {
      client_id: await newClient(),
      test_name_id: id,
    });
    const refused = await ask('DELETE', `${path}${id}/`);
    expect([refused.status, Object.keys(refused.body)]).toEqual([400, ['detail']]);
    await ask('DELETE', `language-proficiencies/${result}/`);
    expect((await ask('DELETE', `${path}${id}/`)).status).toBe(204);
  });

  test('deleted while one is taken: one of both happens', async () => {
    const { id } = await made(path, { name: 'Contended' });
    const client_id = await newClient();
    const [taken, deleted] = await Promise.all([
      ask('POST', 'language-proficiencies/', { client_id, test_name_id: id }),
      ask('DELETE', `${path}${id}/`),
    ]);
    expect([
      [201, 400],
      [400, 204],
    ]).toContainEqual([taken.status, deleted.status]);
  });
});

test('who enters and who changes a record is kept', async () => {
  const client_id = await newClient(1);
  const { id } = await made('qualifications/', { course: 'BSc', client_id }, 'branch1');
  await ask('PATCH', `qualifications/${id}/`, { course: 'MSc' });
  const read = {
    sql: 'SELECT created_by_id, updated_by_id FROM immigration_qualification WHERE id = $1',
    parameters: [id],
  };
  expect(await app.database.tenantQuery({ schema: 'tenant_main', userId: null }, read)).toEqual([
    { created_by_id: idOf('branch1'), updated_by_id: idOf('admin') },
  ]);
});
