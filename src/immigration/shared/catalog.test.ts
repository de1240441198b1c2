import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { SAMPLES } from '../../../test/helpers/samples/index.js';
import { seedStaff } from '../../../test/helpers/staff.js';

// What all resources of the catalogue have in common, and by which fields each is sorted and filtered.

const CATALOG = [
  'institute-locations',
  'institute-intakes',
  'institute-contact-persons',
  'institute-requirements',
  'course-levels',
  'broad-fields',
  'narrow-fields',
  'courses',
];

let app: TestApp;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'consultant1', 'groupless']) tokens[name] = await app.logIn(name);
});
afterAll(() => app?.close());

const ask = (method: string, path: string, body?: object, name = 'admin') =>
  app.ask(method, `/api/v1/${path}`, { token: tokens[name], body });
const create = async (path: string, body: object) => {
  const answer = await ask('POST', path, body);
  expect(answer.status, answer.raw.toString()).toBe(201);
  return answer.body;
};

let institute: number;
let level: number;
let broad: number;
let narrow: number;
beforeAll(async () => {
  institute = (await create('institutes/', { name: 'Torrens', short_name: 'TUA' })).id;
  level = (await create('course-levels/', { name: 'Bachelor' })).id;
  broad = (await create('broad-fields/', { name: 'Health' })).id;
  narrow = (await create('narrow-fields/', { name: 'Nursing', broad_field: broad })).id;
});

/** Returns a body with existing related records. */
function bodyFor(resource: string): Record<string, unknown> {
  const related = { institute, level, broad_field: broad, narrow_field: narrow };
  const { body } = SAMPLES[`/api/v1/${resource}/`] as { body: Record<string, unknown> };
  const mine = Object.entries(related).filter(([field]) => field in body);
  return { ...body, ...Object.fromEntries(mine) };
}

describe.each(CATALOG)('%s', (resource) => {
  test('anyone signed in may see; who holds the permissions may create, change and delete', async () => {
    const body = bodyFor(resource);
    expect((await ask('POST', `${resource}/`, body, 'consultant1')).status).toBe(403);
    const made = await create(`${resource}/`, body);
    expect(made).toMatchObject({ ...body, created_by: 1, updated_by: 1, deleted_at: null });
    for (const name of ['consultant1', 'groupless']) {
      expect((await ask('GET', `${resource}/${made.id}/`, undefined, name)).body).toEqual(made);
      expect((await ask('GET', `${resource}/`, undefined, name)).body.results).toContainEqual(made);
    }
    const changed = await ask('PATCH', `${resource}/${made.id}/`, {});
    expect(changed.body).toEqual({ ...made, updated_at: changed.body.updated_at });
    expect(changed.body.updated_at > made.updated_at).toBe(true);

    expect((await ask('DELETE', `${resource}/${made.id}/`)).status).toBe(204);
    expect((await ask('GET', `${resource}/${made.id}/`)).status).toBe(404);
    const { results } = (await ask('GET', `${resource}/`)).body;
    expect(results.map(({ id }: { id: number }) => id)).not.toContain(made.id);
  });

  test('PUT wants the fields that POST wants, PATCH none', async () => {
    const required = Object.keys(bodyFor(resource));
    const { status, body } = await ask('POST', `${resource}/`, {});
    expect(status).toBe(400);
    expect(Object.keys(body).sort()).toEqual(required.sort());
    const list = await ask('GET', `${resource}/`);
    const made = list.body.results[0] ?? (await create(`${resource}/`, bodyFor(resource)));
    expect((await ask('PUT', `${resource}/${made.id}/`, {})).body).toEqual(body);
  });
});

test('a related record must be there, and not be deleted', async () => {
  const gone = await create('institutes/', { name: 'Gone', short_name: 'G' });
  await ask('DELETE', `institutes/${gone.id}/`);
  for (const id of [gone.id, 99_999, -1, 1e300]) {
    const { status, body } = await ask('POST', 'courses/', { ...bodyFor('courses'), institute: id });
    expect(status).toBe(400);
    expect(body).toEqual({ institute: [`Invalid pk "${id}" - object does not exist.`] });
  }
  const wrong = await ask('PATCH', `narrow-fields/${narrow}/`, { broad_field: 'x' });
  expect(wrong.body).toEqual({ broad_field: ['A valid integer is required.'] });
});

test('names of levels and broad fields are unique, deleted ones included; of two at once one wins', async () => {
  for (const [resource, called] of [
    ['course-levels', 'course level'],
    ['broad-fields', 'broad field'],
  ] as const) {
    const first = await create(`${resource}/`, { name: 'Taken' });
    const taken = { status: 400, body: { name: [`${called} with this name already exists.`] } };
    expect(await ask('POST', `${resource}/`, { name: 'Taken' })).toMatchObject(taken);
    expect((await ask('PATCH', `${resource}/${first.id}/`, { name: 'Taken' })).status).toBe(200);
    await ask('DELETE', `${resource}/${first.id}/`);
    expect(await ask('POST', `${resource}/`, { name: 'Taken' })).toMatchObject(taken);
    const many = await Promise.all([1, 2, 3, 4].map(() => ask('POST', `${resource}/`, { name: 'Once' })));
    expect(many.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400]);
  }
});

test('courses are sorted by institute and name, filtered by what they belong to, and show its names', async () => {
  const other = (await create('institutes/', { name: 'Aardvark College', short_name: 'AC' })).id;
  const body = { ...bodyFor('courses'), total_tuition_fee: 1250, coe_fee: '99.5' };
  const made = await create('courses/', { ...body, name: 'Zoology', institute: other });
  await create('courses/', { ...body, name: 'Botany', institute: other });
  await create('courses/', { ...body, name: 'Astronomy' });
  expect(made).toMatchObject({
    total_tuition_fee: '1250.00',
    coe_fee: '99.50',
    institute_name: 'Aardvark College',
    level_name: 'Bachelor',
    broad_field_name: 'Health',
    narrow_field_name: 'Nursing',
  });
  const names = async (query: string) =>
    (await ask('GET', `courses/?${query}`)).body.results.map(({ name }: { name: string }) => name);
  expect((await names('')).slice(0, 3)).toEqual(['Botany', 'Zoology', 'Astronomy']);
  expect(
    await names(`institute=${other}&level=${level}&broad_field=${broad}&narrow_field=${narrow}`),
  ).toEqual(['Botany', 'Zoology']);
  expect(await names(`institute=${other}&level=999`)).toEqual([]);
  expect((await ask('POST', 'courses/', { ...body, coe_fee: '-1' })).body).toEqual({
    coe_fee: ['Ensure this value is greater than or equal to 0.'],
  });
});

test('a broad field names its narrow ones', async () => {
  await create('narrow-fields/', { name: 'Dentistry', broad_field: broad });
  const { body } = await ask('GET', `broad-fields/${broad}/narrow-fields/`, undefined, 'groupless');
  expect(body.map(({ name }: { name: string }) => name).slice(0, 2)).toEqual(['Dentistry', 'Nursing']);
  expect(Object.keys(body[0])).toEqual(['id', 'name']);
  expect((await ask('GET', 'broad-fields/9999/narrow-fields/')).body).toEqual({
    detail: 'Broad field not found',
  });
});

test('intakes come latest first, locations by country and state, requirements by type and title', async () => {
  const results = async (path: string, field: string) =>
    (await ask('GET', path)).body.results.map((row: Record<string, unknown>) => row[field]);
  const home = (await create('institutes/', { name: 'Home', short_name: 'H' })).id;
  for (const intake_date of ['2027-02-01', '2026-07-01', '2027-07-01']) {
    await create('institute-intakes/', { intake_date, institute: home });
  }
  expect(await results(`institute-intakes/?institute=${home}`, 'intake_date')).toEqual([
    '2027-07-01',
    '2027-02-01',
    '2026-07-01',
  ]);
  for (const [country, state] of [
    ['NZ', 'Otago'],
    ['AU', 'VIC'],
    ['AU', 'NSW'],
  ]) {
    await create('institute-locations/', { country, state, institute: home });
  }
  expect(await results(`institute-locations/?institute=${home}`, 'state')).toEqual(['NSW', 'VIC', 'Otago']);
  await create('institute-requirements/', { title: 'B', institute: home });
  await create('institute-requirements/', { title: 'A', institute: home });
  await create('institute-requirements/', { title: 'C', requirement_type: 'ACADEMIC', institute: home });
  expect(await results(`institute-requirements/?institute=${home}`, 'title')).toEqual(['C', 'A', 'B']);
  expect(
    (await ask('GET', `institute-requirements/?institute=${home}&page=last`)).body.results[1],
  ).toMatchObject({ requirement_type: 'OTHER', description: '' });
});

test('institutes are found by name and short name, deleted and restored', async () => {
  const { id } = await create('institutes/', { name: 'Leaving', short_name: 'LVG', website: 'anything' });
  expect((await ask('GET', 'institutes/?search=lvg')).body.count).toBe(1);
  expect((await ask('DELETE', `institutes/${id}/`, undefined, 'consultant1')).status).toBe(403);
  expect((await ask('DELETE', `institutes/${id}/`)).status).toBe(204);
  expect((await ask('GET', 'institutes/?short_name=lv')).body.count).toBe(0);
  const [deleted] = (await ask('GET', 'institutes/?include_deleted=1&name=leav')).body.results;
  expect(deleted.deleted_at).toMatch(/^20.*Z$/);
  expect((await ask('POST', `institutes/${id}/restore/`)).body).toMatchObject({ id, deleted_at: null });
  expect((await ask('GET', 'institutes/?page_size=1000')).status).toBe(200);
});
