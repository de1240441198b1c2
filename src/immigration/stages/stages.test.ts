import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

interface Stage {
  readonly id: number;
  readonly stage_name: string;
  readonly position: number;
  readonly is_final_stage: boolean;
}

const ask = (method: string, path: string, body?: object) =>
  app.ask(method, `/api/v1/${path}`, { token, body });
const newType = async (title = 'Degree') => (await ask('POST', 'application-types/', { title })).body.id;
const add = (type: number, stage_name: string, position?: number | null) =>
  ask('POST', 'stages/', {
    application_type_id: type,
    stage_name,
    ...(position !== undefined && { position }),
  });
const stagesOf = async (type: number): Promise<Stage[]> =>
  (await ask('GET', `stages/?application_type_id=${type}`)).body;
const namesOf = async (type: number) => (await stagesOf(type)).map(({ stage_name }) => stage_name).join('');

test('application types have defaults, are sorted by title and tell how they are used', async () => {
  const { status, body } = await ask('POST', 'application-types/', { title: 'Zed' });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    currency: 'USD',
    tax_percentage: '0.00',
    tax_name: '',
    is_active: true,
    stages_count: 0,
    has_applications: false,
  });
  await newType('Alpha');
  const titles = (await ask('GET', 'application-types/')).body.results.map(
    ({ title }: { title: string }) => title,
  );
  expect(titles).toEqual(['Alpha', 'Zed']);
  const wrong = await ask('PATCH', `application-types/${body.id}/`, {
    tax_percentage: '100.01',
    currency: 'X',
  });
  expect(wrong.body).toEqual({
    tax_percentage: ['Ensure this value is less than or equal to 100.'],
    currency: ['"X" is not a valid choice.'],
  });
  await ask('PATCH', `application-types/${body.id}/`, { is_active: false });
  expect((await ask('GET', 'application-types/?is_active=false')).body.count).toBe(1);
  expect((await ask('DELETE', `application-types/${body.id}/`)).status).toBe(204);
  expect((await ask('GET', `application-types/${body.id}/`)).body).toEqual({
    detail: 'Application type not found',
  });
});

test('stages are gone with their type', async () => {
  const type = await newType('Gone');
  const { id } = (await add(type, 'A')).body;
  expect((await ask('DELETE', `application-types/${type}/`)).status).toBe(204);
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const body = method === 'PATCH' ? { stage_name: 'B' } : undefined;
    expect(await ask(method, `stages/${id}/`, body)).toMatchObject({
      status: 404,
      body: { detail: 'Stage not found' },
    });
  }
  expect(await stagesOf(type)).toEqual([]);
});

describe('the order of stages', () => {
  test('a stage goes last, or where it is put while the others make room', async () => {
    const type = await newType();
    await add(type, 'A');
    await add(type, 'B', null);
    await add(type, 'C', 1);
    await add(type, 'D', 99);
    const last = (await add(type, 'E', 2)).body;
    expect(await namesOf(type)).toBe('CEABD');
    expect(last).toMatchObject({ position: 2, is_final_stage: false, application_type_title: 'Degree' });
    expect((await stagesOf(type)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
    expect((await stagesOf(type)).map((stage) => stage.is_final_stage)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
    expect((await ask('DELETE', `stages/${last.id}/`)).status).toBe(204);
    expect(await namesOf(type)).toBe('CABD');
    expect((await stagesOf(type)).map(({ position }) => position)).toEqual([1, 2, 3, 4]);
  });

  test('reordering takes all stages of the type at once', async () => {
    const type = await newType();
    for (const name of 'ABC') await add(type, name);
    const [a, b, c] = (await stagesOf(type)).map(({ id }) => id) as [number, number, number];
    const reorder = (...places: [number, number][]) =>
      ask('POST', 'stages/reorder/', {
        application_type_id: type,
        stages: places.map(([stage_id, new_position]) => ({ stage_id, new_position })),
      });
    const { status, body } = await reorder([a, 3], [b, 1], [c, 2]);
    expect(status).toBe(200);
    expect(body.map(({ stage_name }: Stage) => stage_name).join('')).toBe('BCA');
    for (const places of [
      [[a, 1]],
      [
        [a, 1],
        [c, 3],
      ],
      [
        [b, 1],
        [a, 3],
      ],
      [
        [a, 1],
        [b, 2],
        [b, 3],
      ],
      [
        [a, 1],
        [b, 2],
        [c, 2],
      ],
      [
        [a, 1],
        [b, 2],
        [c, 4],
      ],
      [
        [a, 1],
        [b, 2],
        [9999, 3],
      ],
      [],
    ] as [number, number][][]) {
      const refused = await reorder(...places);
      expect([refused.status, Object.keys(refused.body)]).toEqual([400, ['stages']]);
    }
    expect(await namesOf(type)).toBe('BCA');
    const wrong = await ask('POST', 'stages/reorder/', {
      application_type_id: 9999,
      stages: [{ stage_id: 'x' }],
    });
    expect(wrong.body).toEqual({
      stages: {
        0: { stage_id: ['A valid integer is required.'], new_position: ['This field is required.'] },
      },
    });
  });

  test('whoever changes it at the same moment, positions are 1 … n', async () => {
    const type = await newType();
    for (const name of 'ABCDEF') await add(type, name);
    for (let round = 0; round < 6; round++) {
      const stages = await stagesOf(type);
      const places = stages.map(({ id }, index) => ({ stage_id: id, new_position: stages.length - index }));
      const reorder = () => ask('POST', 'stages/reorder/', { application_type_id: type, stages: places });
      const answers = await Promise.all([
        reorder(),
        add(type, 'N', 1 + (round % 3)),
        reorder(),
        ask('DELETE', `stages/${stages[round % stages.length]?.id}/`),
        add(type, 'M'),
      ]);
      for (const { status } of answers) expect([200, 201, 204, 400, 404]).toContain(status);
      const after = await stagesOf(type);
      expect(after.map(({ position }) => position)).toEqual(after.map((_, index) => index + 1));
    }
  });
});
