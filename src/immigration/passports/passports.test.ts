import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';

const PATH = 'passports/';
let app: TestApp;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'branch1', 'branch3', 'homeless']) tokens[name] = await app.logIn(name);
});
afterAll(() => app?.close());

const ask = (method: string, path: string, body?: object, by = 'admin') =>
  app.ask(method, `/api/v1/${path}`, { token: tokens[by], body });
async function newClient(branch_id?: number): Promise<number> {
  const given = { first_name: 'Maya', gender: 'FEMALE', country: 'NP', ...(branch_id && { branch_id }) };
  return (await ask('POST', 'clients/', given)).body.id;
}
const passport = { passport_no: 'N1', passport_country: 'NP', country_of_birth: 'NP', nationality: 'NP' };
const dated = {
  ...passport,
  date_of_issue: '2020-01-01',
  date_of_expiry: '2030-01-01',
  place_of_issue: 'Pokhara',
};

describe('a passport', () => {
  test.each(['passports/', 'passports/upsert/'])(
    '%s creates it, and replaces it as a whole',
    async (path) => {
      const client_id = await newClient();
      const first = await ask('POST', path, { client_id, ...dated });
      expect([first.status, first.body]).toEqual([
        200,
        {
          client_id,
          ...dated,
          created_at: expect.any(String),
          updated_at: expect.any(String),
        },
      ]);
      const second = await ask('POST', path, { client_id, ...passport, passport_no: 'N2' });
      expect([second.status, second.body]).toEqual([
        200,
        {
          client_id,
          ...passport,
          passport_no: 'N2',
          date_of_issue: null,
          date_of_expiry: null,
          place_of_issue: '',
          created_at: first.body.created_at,
          updated_at: second.body.updated_at,
        },
      ]);
      expect(second.body.updated_at > first.body.updated_at).toBe(true);
      expect((await ask('GET', `${PATH}${client_id}/`)).body).toEqual(second.body);
      expect((await ask('GET', `${PATH}?client_id=${client_id}`)).body).toEqual([second.body]);
    },
  );

  test('is changed by PUT and PATCH in what is given', async () => {
    const client_id = await newClient();
    const { body: before } = await ask('POST', PATH, { client_id, ...dated });
    const path = `${PATH}${client_id}/`;
    const put = await ask('PUT', path, { client_id, ...passport, passport_no: 'N3' });
    expect(put.body).toEqual({ ...before, passport_no: 'N3', updated_at: put.body.updated_at });
    const patched = await ask('PATCH', path, { date_of_issue: null, place_of_issue: '' });
    expect(patched.body).toMatchObject({
      date_of_issue: null,
      date_of_expiry: '2030-01-01',
      place_of_issue: '',
    });
    expect((await ask('PUT', path, { ...passport })).body).toEqual({
      client_id: ['This field is required.'],
    });
  });

  test('stays that of its client: the path decides', async () => {
    const [client_id, other] = [await newClient(), await newClient()];
    await ask('POST', PATH, { client_id, ...dated });
    for (const wrong of [other, 999_999]) {
      for (const [method, body] of [
        ['PUT', { ...passport, client_id: wrong }],
        ['PATCH', { client_id: wrong }],
      ] as const) {
        const answer = await ask(method, `${PATH}${client_id}/`, body);
        expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['client_id']]);
      }
    }
    expect((await ask('PATCH', `${PATH}${client_id}/`, { client_id, passport_no: 'N4' })).status).toBe(200);
  });

  test('may not expire before it was issued, whichever date is changed', async () => {
    const client_id = await newClient();
    const expired = { date_of_issue: '2030-01-02', date_of_expiry: '2030-01-01' };
    expect(Object.keys((await ask('POST', PATH, { client_id, ...passport, ...expired })).body)).toEqual([
      'date_of_expiry',
    ]);
    await ask('POST', PATH, { client_id, ...dated });
    for (const change of [{ date_of_issue: '2030-01-02' }, { date_of_expiry: '2019-12-31' }]) {
      const answer = await ask('PATCH', `${PATH}${client_id}/`, change);
      expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['date_of_expiry']]);
    }
    expect((await ask('PATCH', `${PATH}${client_id}/`, { date_of_expiry: '2020-01-01' })).status).toBe(200);
  });

  test('takes "" for a date as null, in JSON too', async () => {
    const client_id = await newClient();
    const empty = { date_of_issue: '', date_of_expiry: ' ' };
    const made = await ask('POST', PATH, { client_id, ...passport, ...empty });
    expect(made).toMatchObject({ status: 200, body: { date_of_issue: null, date_of_expiry: null } });
    await ask('PATCH', `${PATH}${client_id}/`, { date_of_expiry: '2030-01-01' });
    const { body } = await ask('PATCH', `${PATH}${client_id}/`, { date_of_expiry: '' });
    expect(body.date_of_expiry).toBeNull();
    expect((await ask('PATCH', `${PATH}${client_id}/`, { date_of_expiry: 'x' })).status).toBe(400);
  });

  test('is deleted, and not there where there is none', async () => {
    const client_id = await newClient();
    const path = `${PATH}${client_id}/`;
    const missing = { detail: 'Passport not found' };
    for (const [method, at] of [
      ['GET', path],
      ['PATCH', path],
      ['DELETE', path],
      ['GET', `${PATH}999999/`],
      ['GET', `${PATH}x/`],
    ] as const) {
      const answer = await ask(method, at, method === 'PATCH' ? { client_id: 'x' } : undefined);
      expect([answer.status, answer.body]).toEqual([404, missing]);
    }
    await ask('POST', PATH, { client_id, ...passport });
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('GET', path)).body).toEqual(missing);
  });

  test('comes and goes with its client', async () => {
    const client_id = await newClient();
    await ask('POST', PATH, { client_id, ...passport });
    await ask('DELETE', `clients/${client_id}/`);
    expect((await ask('GET', `${PATH}${client_id}/`)).status).toBe(404);
    expect((await ask('PATCH', `${PATH}${client_id}/`, {})).status).toBe(404);
    expect((await ask('GET', `${PATH}?client_id=${client_id}`)).body).toEqual([]);
    expect((await ask('POST', PATH, { client_id, ...passport })).body).toHaveProperty('client_id');
  });
});

test('out of scope a passport is refused, whether there is one or not; lists leave it out', async () => {
  const [client_id, without] = [await newClient(1), await newClient(1)];
  expect((await ask('POST', PATH, { client_id, ...passport }, 'branch1')).status).toBe(200);
  for (const by of ['branch3', 'homeless']) {
    for (const id of [client_id, without]) {
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const body = method === 'PATCH' ? { client_id: 'x' } : undefined;
        expect((await ask(method, `${PATH}${id}/`, body, by)).status).toBe(403);
      }
      expect((await ask('POST', PATH, { client_id: id, ...passport }, by)).status).toBe(403);
    }
    expect((await ask('GET', PATH, undefined, by)).body).toEqual([]);
  }
  const { body: shown } = await ask('GET', PATH, undefined, 'branch1');
  expect(shown.map((one: { client_id: number }) => one.client_id)).toEqual([client_id]);
});

test('written by several at the same moment there is one, as one of them wrote it', async () => {
  const client_id = await newClient();
  const numbers = ['A', 'B', 'C', 'D', 'E'];
  const answers = await Promise.all(
    numbers.map((letter, index) =>
      ask('POST', index % 2 ? PATH : `${PATH}upsert/`, {
        client_id,
        ...passport,
        passport_no: letter,
        place_of_issue: letter,
        date_of_expiry: `2040-01-0${index + 1}`,
        remind_days_before: [30],
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 200));
  const { body } = await ask('GET', `${PATH}${client_id}/`);
  expect(body.place_of_issue).toBe(body.passport_no);
  const { body: reminders } = await ask('GET', `reminders/?content_type=24&object_id=${client_id}`);
  expect(
    reminders.results.map((one: { meta_info: { expires_on: string } }) => one.meta_info.expires_on),
  ).toEqual([body.date_of_expiry]);
});
