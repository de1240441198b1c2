import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { remindersJob } from '../../src/immigration/reminders/reminders-job.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { runJob } from '../helpers/jobs.js';
import { idOf, seedStaff } from '../helpers/staff.js';

const PASSPORT = 24;
const PROFICIENCY = 23;
const passport = { passport_no: 'N1', passport_country: 'NP', country_of_birth: 'NP', nationality: 'NP' };

let app: TestApp;
let token: string;
let client_id: number;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());
beforeEach(async () => {
  const given = { first_name: 'Maya', last_name: 'Rai', gender: 'FEMALE', country: 'NP', branch_id: 1 };
  client_id = (await good('POST', 'clients/', { ...given, assigned_to_id: idOf('consultant1') })).id;
});

const ask = (method: string, path: string, body?: object) =>
  app.ask(method, `/api/v1/${path}`, { token, body });
async function good(method: string, path: string, body?: object) {
  const answer = await ask(method, path, body);
  expect(answer.status, answer.raw.toString()).toBeLessThan(300);
  return answer.body;
}
const give = (body: object) => good('POST', 'passports/', { client_id, ...passport, ...body });
const change = (body: object) => good('PATCH', `passports/${client_id}/`, body);

interface Reminder {
  id: number;
  reminder_date: string;
  is_completed: boolean;
  notification_created: boolean;
  title: string;
  created_by: number;
  meta_info: object;
}
/** Returns the reminders of a record, the earliest first. */
async function reminders(type = PASSPORT, id = client_id): Promise<Reminder[]> {
  return (await good('GET', `reminders/?content_type=${type}&object_id=${id}&ordering=reminder_date`))
    .results;
}
const dates = async (type?: number, id?: number) =>
  (await reminders(type, id)).map(({ reminder_date }) => reminder_date);

/** Returns a date this many days from today. */
const ahead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const query = (sql: string, parameters: unknown[] = []) =>
  app.database.tenantQuery({ schema: 'tenant_main', userId: null }, { sql, parameters });

describe('who asks for reminders with a passport', () => {
  test('gets them for the client’s assignee', async () => {
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [7, 90, 7, 30] });
    const made = await reminders();
    expect(made.map(({ reminder_date }) => reminder_date)).toEqual([
      '2040-04-01',
      '2040-05-31',
      '2040-06-23',
    ]);
    expect(made[1]).toMatchObject({
      title: 'Passport of Maya Rai expires on 2040-06-30',
      created_by: idOf('consultant1'),
      meta_info: { client_id, expires_on: '2040-06-30', days_before: 30 },
      is_completed: false,
      notification_created: false,
    });
  });

  test('gets them himself where the client is nobody’s', async () => {
    await good('PATCH', `clients/${client_id}/`, { assigned_to_id: null });
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [0] });
    expect(await reminders()).toMatchObject([{ reminder_date: '2040-06-30', created_by: idOf('admin') }]);
  });

  test('gets none twice, whatever is sent again', async () => {
    const asked = { date_of_expiry: '2040-06-30', remind_days_before: [30, 7] };
    await give(asked);
    const before = await reminders();
    await give(asked);
    await change({ remind_days_before: [7, 30] });
    await change({ date_of_expiry: '2040-06-30' });
    await good('PUT', `passports/${client_id}/`, { client_id, ...passport, ...asked });
    expect(await reminders()).toEqual(before);
  });

  test('gets none where nothing is asked for, or nothing expires', async () => {
    await give({ date_of_expiry: '2040-06-30' });
    expect(await dates()).toEqual([]);
    await give({ remind_days_before: [30] });
    expect(await dates()).toEqual([]);
    await give({ date_of_expiry: '2020-06-30', remind_days_before: [30] });
    expect(await dates()).toEqual([]);
  });

  test('of days that have passed already gets the last one alone', async () => {
    await give({ date_of_expiry: ahead(20), remind_days_before: [90, 60, 30, 7] });
    expect(await dates()).toEqual([ahead(-10), ahead(13)]);
  });

  test('says so in days, few enough', async () => {
    for (const days of [
      [-1],
      [3651],
      ['x'],
      [null],
      'x',
      { 0: 1 },
      [1.5],
      Array.from({ length: 11 }, (_, n) => n),
    ]) {
      const { status, body } = await ask('POST', 'passports/', {
        client_id,
        ...passport,
        remind_days_before: days,
      });
      expect([status, Object.keys(body)]).toEqual([400, ['remind_days_before']]);
    }
    expect((await ask('GET', `passports/${client_id}/`)).status).toBe(404);
  });
});

describe('open reminders', () => {
  test('move with the expiry, and are due anew; completed ones stay', async () => {
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [90, 30, 7] });
    const [first, second] = await reminders();
    await good('POST', `reminders/${first!.id}/completed/`);
    await query('UPDATE immigration_reminder SET notification_created = true WHERE id = $1', [second!.id]);
    await good('PATCH', `clients/${client_id}/`, { assigned_to_id: idOf('consultant12') });
    await change({ date_of_expiry: '2041-06-30' });
    const [completed, ...open] = await reminders();
    expect(completed).toEqual({ ...first, is_completed: true });
    expect(open).toMatchObject([
      {
        id: second!.id,
        reminder_date: '2041-05-31',
        notification_created: false,
        created_by: idOf('consultant12'),
      },
      { reminder_date: '2041-06-23', title: 'Passport of Maya Rai expires on 2041-06-30' },
    ]);
    // A new passport: pending reminders move on, the completed one returns only on request.
    await give({ passport_no: 'N2', date_of_expiry: '2050-06-30', remind_days_before: [90, 7] });
    expect(await dates()).toEqual(['2040-04-01', '2050-04-01', '2050-06-23']);
  });

  test('of which somebody was told are not told of again where their new day has passed', async () => {
    await give({ date_of_expiry: ahead(20), remind_days_before: [30, 7] });
    await query('UPDATE immigration_reminder SET notification_created = true WHERE object_id = $1', [
      client_id,
    ]);
    await change({ date_of_expiry: ahead(19) });
    expect(await reminders()).toMatchObject([
      { reminder_date: ahead(-11), notification_created: true },
      { reminder_date: ahead(12), notification_created: false },
    ]);
  });

  test('stay where somebody put them, until the expiry changes', async () => {
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [30] });
    const [reminder] = await reminders();
    await good('PATCH', `reminders/${reminder!.id}/`, {
      reminder_date: '2040-06-01',
      title: 'Mine',
      meta_info: { days_before: 'x' },
    });
    await change({ remind_days_before: [30], date_of_expiry: '2040-06-30' });
    expect(await reminders()).toMatchObject([{ reminder_date: '2040-06-01', title: 'Mine' }]);
    await change({ date_of_expiry: '2040-07-30' });
    expect(await dates()).toEqual(['2040-06-30']);
  });

  test('go when they are not wanted, when nothing expires, and when it proves to have expired', async () => {
    const asked = { date_of_expiry: '2040-06-30', remind_days_before: [30, 7] };
    await give(asked);
    await change({ remind_days_before: [7] });
    expect(await dates()).toEqual(['2040-06-23']);
    await change({ remind_days_before: [] });
    expect(await dates()).toEqual([]);
    await give(asked);
    await change({ date_of_expiry: null });
    expect(await dates()).toEqual([]);
    await give(asked);
    await change({ date_of_expiry: '0001-01-05' });
    expect(await dates()).toEqual([]);
  });

  test('go with the passport, but not those that somebody made by hand or has completed', async () => {
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [30, 7] });
    await good('POST', `reminders/${(await reminders())[0]!.id}/completed/`);
    const own = {
      title: 'Copy it',
      content_type: PASSPORT,
      object_id: client_id,
      reminder_date: '2040-01-01',
    };
    await good('POST', 'reminders/', own);
    await good('DELETE', `passports/${client_id}/`);
    expect(await dates()).toEqual(['2040-01-01', '2040-05-31']);
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [30] });
    expect(await dates()).toEqual(['2040-01-01', '2040-05-31', '2040-05-31']);
    expect(
      await query('SELECT count(*) AS n FROM expiry_reminder WHERE record_id = $1', [client_id]),
    ).toEqual([{ n: 1 }]);
  });

  test('may be deleted like any other', async () => {
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [30, 7] });
    await good('DELETE', `reminders/${(await reminders())[0]!.id}/`);
    await change({ date_of_expiry: '2041-06-30' });
    expect(await dates()).toEqual(['2041-06-23']);
    await change({ remind_days_before: [30, 7] });
    expect(await dates()).toEqual(['2041-05-31', '2041-06-23']);
  });

  test('are told of on their day, to the assignee', async () => {
    await give({ date_of_expiry: '2040-06-30', remind_days_before: [30] });
    await runJob(app.database, remindersJob, { everywhere: true, moment: '2040-05-31T00:00:00Z' });
    const told = await query(
      `SELECT assigned_to_id AS to, message FROM immigration_notification
       WHERE notification_type = 'REMINDER_DUE' AND (meta_info ->> 'object_id')::bigint = $1`,
      [client_id],
    );
    expect(told).toEqual([
      { to: idOf('consultant1'), message: 'Passport of Maya Rai expires on 2040-06-30' },
    ]);
  });
});

describe('the result of a language exam', () => {
  const path = 'language-proficiencies/';
  let exams = 0;
  const newExam = async (validity_term: number): Promise<number> =>
    (await good('POST', 'language-exams/', { name: `Exam ${++exams}`, validity_term })).id;

  test('expires so many years after the test as the exam is valid', async () => {
    const test_name_id = await newExam(2);
    const given = { client_id, test_name_id, test_date: '2040-02-29', remind_days_before: [30, 0] };
    const { id } = await good('POST', path, given);
    expect(await reminders(PROFICIENCY, id)).toMatchObject([
      { reminder_date: '2042-01-29' },
      {
        reminder_date: '2042-02-28',
        title: `Exam ${exams} of Maya Rai expires on 2042-02-28`,
        created_by: idOf('consultant1'),
      },
    ]);
    await good('PATCH', `${path}${id}/`, { test_date: '2041-01-01' });
    expect(await dates(PROFICIENCY, id)).toEqual(['2042-12-02', '2043-01-01']);
    await good('PATCH', `${path}${id}/`, { overall_score: 7 });
    await good('PATCH', `${path}${id}/`, { test_name_id: await newExam(3) });
    expect(await dates(PROFICIENCY, id)).toEqual(['2043-12-02', '2044-01-01']);
    expect((await reminders(PROFICIENCY, id))[0]!.title).toContain(`Exam ${exams}`);
    await good('DELETE', `${path}${id}/`);
    expect(await dates(PROFICIENCY, id)).toEqual([]);
  });

  test('follows its exam’s term, and its client', async () => {
    const test_name_id = await newExam(2);
    const given = { client_id, test_name_id, test_date: '2040-01-01', remind_days_before: [0] };
    const { id } = await good('POST', path, given);
    await good('PATCH', `language-exams/${test_name_id}/`, { validity_term: 5 });
    expect(await dates(PROFICIENCY, id)).toEqual(['2045-01-01']);
    const other = { first_name: 'Hari', gender: 'MALE', country: 'NP' };
    const { id: hari } = await good('POST', 'clients/', other);
    await good('PATCH', `${path}${id}/`, { client_id: hari });
    expect(await reminders(PROFICIENCY, id)).toMatchObject([
      { title: `Exam ${exams} of Hari expires on 2045-01-01`, created_by: idOf('admin') },
    ]);
    await good('PATCH', `language-exams/${test_name_id}/`, { validity_term: 0 });
    expect(await dates(PROFICIENCY, id)).toEqual([]);
  });

  test('has none where it does not expire, or was not taken yet', async () => {
    const forever = {
      client_id,
      test_name_id: await newExam(0),
      test_date: '2040-01-01',
      remind_days_before: [0],
    };
    const open = { client_id, test_name_id: await newExam(100), remind_days_before: [0] };
    for (const given of [forever, open]) {
      const { id } = await good('POST', path, given);
      expect(await dates(PROFICIENCY, id)).toEqual([]);
    }
    const { id } = await good('POST', path, { ...open, test_date: '9999-12-31' });
    expect(await dates(PROFICIENCY, id)).toEqual(['9999-12-31']);
  });
});
