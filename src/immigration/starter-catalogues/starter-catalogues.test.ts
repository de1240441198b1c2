import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/starter-catalogues/';
let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
});
afterAll(() => app?.close());

test('a SUPER_ADMIN sees the catalogues and loads one, once; nobody else may', async () => {
  const token = await app.logIn('admin');
  const { body: catalogues } = await app.ask('GET', PATH, { token });
  expect(catalogues.map(({ country }: { country: string }) => country)).toEqual([
    'au',
    'ca',
    'nz',
    'uk',
    'us',
  ]);
  expect(catalogues[0]).toMatchObject({ name: 'Australia', visa_categories: expect.any(Array) });

  const load = (body: object) => app.ask('POST', `${PATH}load/`, { token, body });
  const loaded = await load({ country: 'au' });
  expect(loaded).toMatchObject({ status: 200, body: { country: 'au', added: { application_types: 2 } } });
  const again = await load({ country: 'au' });
  expect(Object.values(again.body.added).every((added) => added === 0)).toBe(true);
  expect(await load({ country: 'fr' })).toMatchObject({
    status: 400,
    body: { country: ['"fr" is not a valid choice.'] },
  });
  expect(await load({})).toMatchObject({ status: 400, body: { country: ['This field is required.'] } });

  const levels = await app.ask('GET', '/api/v1/course-levels/', { token });
  expect(levels.body.results[0].created_by).toBe(idOf('admin'));
  const other = await app.logIn('branch1');
  expect((await app.ask('GET', PATH, { token: other })).status).toBe(403);
  expect((await app.ask('POST', `${PATH}load/`, { token: other, body: { country: 'au' } })).status).toBe(403);
});
