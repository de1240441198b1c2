import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { collegeChoice } from '../../../test/helpers/samples/applications.js';
import { insert, newName } from '../../../test/helpers/samples/insert.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/college-applications/';
let app: TestApp;
const tokens: Record<string, string> = {};
type Choice = Awaited<ReturnType<typeof collegeChoice>>;
let choice: Choice;
let other: Choice;
let superAgent: number;
let subAgent: number;
const context = { schema: 'tenant_main', userId: null };

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'branch1', 'branch3', 'consultant1']) tokens[name] = await app.logIn(name);
  await app.database.tenantTransaction(context, async (transaction) => {
    choice = await collegeChoice(transaction);
    other = await collegeChoice(transaction);
    const agent = (agent_type: string) =>
      insert(transaction, 'immigration_agent', { agent_name: newName(), agent_type });
    superAgent = await agent('SUPER_AGENT');
    subAgent = await agent('SUB_AGENT');
  });
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path: string, body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
const given = (more: object = {}) => {
  const { stage_id: _, ...rest } = choice;
  return { ...rest, total_tuition_fee: '2000', ...more };
};
const create = async (more: object = {}) => {
  const answer = await ask('admin', 'POST', '', given(more));
  expect(answer.status, answer.raw.toString()).toBe(201);
  return answer.body;
};

test('an application begins in the first stage, and shows what it names', async () => {
  const made = await create({ super_agent_id: superAgent, sub_agent_id: subAgent });
  expect(made).toMatchObject({
    stage: choice.stage_id,
    stage_position: 1,
    is_final_stage: true,
    client: choice.client_id,
    intake_date: '2026-07-01',
    start_date: choice.start_date_id,
    location_display: 'NSW, Australia',
    total_tuition_fee: '2000.00',
    super_agent: superAgent,
    sub_agent: subAgent,
    finish_date: null,
    notes: '',
  });
  expect((await ask('admin', 'GET', `${made.id}/`)).body).toEqual(made);
  const emptied = await ask('admin', 'PATCH', `${made.id}/`, {
    super_agent_id: 0,
    sub_agent_id: null,
    assigned_to_id: 0,
  });
  expect(emptied.body).toMatchObject({ super_agent: null, sub_agent_name: null, assigned_to: null });
});

describe('what does not fit together is refused', () => {
  const cases: [string, () => object, object][] = [
    [
      'a course',
      () => ({ course_id: other.course_id }),
      { detail: 'Course does not belong to the selected institute' },
    ],
    [
      'an intake',
      () => ({ start_date_id: other.start_date_id }),
      { detail: 'Intake does not belong to the selected institute' },
    ],
    [
      'a location',
      () => ({ location_id: other.location_id }),
      { detail: 'Location does not belong to the selected institute' },
    ],
    [
      'an institute alone',
      () => ({ institute_id: other.institute_id }),
      { detail: 'Course does not belong to the selected institute' },
    ],
    ['a super agent', () => ({ super_agent_id: subAgent }), { detail: 'Super agent must be a super agent' }],
    ['a sub agent', () => ({ sub_agent_id: superAgent }), { detail: 'Sub agent must be a sub agent' }],
    ['nobody', () => ({ assigned_to_id: 999 }), { detail: 'Assigned user with id=999 does not exist' }],
    ['no course', () => ({ course_id: 9999 }), { course_id: ['Invalid pk "9999" - object does not exist.'] }],
  ];
  test.each(cases)('%s', async (_name, more, body) => {
    expect(await ask('admin', 'POST', '', given(more()))).toMatchObject({ status: 400, body });
    const { id } = await create();
    expect(await ask('admin', 'PATCH', `${id}/`, more())).toMatchObject({ status: 400, body });
  });

  test('a type without stages, and a stage of another type', async () => {
    const type = await app.ask('POST', '/api/v1/application-types/', {
      token: tokens.admin,
      body: { title: 'Empty' },
    });
    const refused = await ask('admin', 'POST', '', given({ application_type_id: type.body.id }));
    expect(refused).toMatchObject({
      status: 400,
      body: { detail: 'The application type has no stages yet' },
    });
    const { id } = await create();
    expect(await ask('admin', 'PATCH', `${id}/`, { stage_id: other.stage_id })).toMatchObject({
      status: 400,
      body: { detail: 'Stage does not belong to the application type' },
    });
  });
});

test('all of it may move to another institute at once; what was deleted meanwhile may stay', async () => {
  const { id } = await create();
  const { institute_id, course_id, start_date_id, location_id } = other;
  const moved = await ask('admin', 'PATCH', `${id}/`, {
    institute_id,
    course_id,
    start_date_id,
    location_id,
  });
  expect(moved.body).toMatchObject({ institute: institute_id, course: course_id });
  await app.ask('DELETE', `/api/v1/courses/${course_id}/`, { token: tokens.admin });
  expect((await ask('admin', 'PATCH', `${id}/`, { notes: 'still', institute_id })).body.notes).toBe('still');
});

test('scope is the client’s; deleting is soft', async () => {
  const body = { first_name: 'Branch', last_name: 'Client', gender: 'MALE', country: 'NP' };
  const client_id = (await app.ask('POST', '/api/v1/clients/', { token: tokens.branch3, body })).body.id;
  const { id } = await create({ client_id });
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const answer = await ask('branch1', method, `${id}/`, method === 'PATCH' ? {} : undefined);
    expect(answer.status).toBe(403);
  }
  expect((await ask('branch1', 'GET', `?client_id=${client_id}`)).body.count).toBe(0);
  expect((await ask('branch3', 'GET', `?client_id=${client_id}&client_name=client`)).body.count).toBe(1);
  expect((await ask('branch3', 'DELETE', `${id}/`)).status).toBe(204);
  expect((await ask('admin', 'GET', `${id}/`)).body).toEqual({ detail: 'College application not found' });
  expect((await ask('branch3', 'GET', `?client_id=${client_id}`)).body.count).toBe(0);
});

test('a type and a stage that applications use stay', async () => {
  await create();
  const remove = (path: string) => app.ask('DELETE', `/api/v1/${path}/`, { token: tokens.admin });
  for (const path of [`application-types/${choice.application_type_id}`, `stages/${choice.stage_id}`]) {
    const answer = await remove(path);
    expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['detail']]);
  }
});

test('is filtered by assignee, creator and day of creation', async () => {
  const { id } = await create({ assigned_to_id: idOf('consultant1') });
  const found = async (query: string) =>
    (await ask('admin', 'GET', `?page_size=100&${query}`)).body.results.map((one: { id: number }) => one.id);
  const today = new Date().toISOString().slice(0, 10);
  expect(await found(`assigned_to=${idOf('consultant1')}`)).toEqual([id]);
  expect(await found(`assigned_to=${idOf('consultant1')}&created_by=${idOf('branch1')}`)).toEqual([]);
  expect(await found(`created_by=${idOf('admin')}&created_after=${today}&created_before=${today}`)).toContain(
    id,
  );
  expect(await found('created_before=2026-01-01')).toEqual([]);
  for (const wrong of ['assigned_to=x', 'created_by=x', 'created_after=soon', 'created_before=2026-02-30']) {
    const { status, body } = await ask('admin', 'GET', `?${wrong}`);
    expect([status, Object.keys(body)]).toEqual([400, [wrong.split('=')[0]]]);
  }
});

test('stage counts name every stage, also those in which nothing stands', async () => {
  const [type, first] = await app.database.tenantTransaction(context, async (transaction) => {
    const made = await collegeChoice(transaction);
    await insert(transaction, 'immigration_stage', {
      stage_name: 'Second',
      position: 2,
      application_type_id: made.application_type_id,
    });
    for (let i = 0; i < 3; i++) {
      await insert(transaction, 'immigration_collegeapplication', { ...made, total_tuition_fee: '1' });
    }
    return [made.application_type_id, made.stage_id];
  });
  const { body } = await ask('admin', 'GET', `stage-counts/?application_type_id=${type}`);
  expect(body).toMatchObject({
    total: 3,
    by_stage: [
      { stage_id: first, position: 1, count: 3 },
      { stage_name: 'Second', position: 2, count: 0 },
    ],
  });
  const all = (await ask('admin', 'GET', 'stage-counts/')).body;
  expect(all.total).toBe((await ask('admin', 'GET', '')).body.count);
  expect((await ask('admin', 'GET', 'stage-counts/?application_type_id=x')).status).toBe(400);
});
