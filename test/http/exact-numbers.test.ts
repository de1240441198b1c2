import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, startTestApp, type TestApp } from '../helpers/app.js';
import { EventStream } from '../helpers/event-stream.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { tenantSql } from '../helpers/tenant-sql.js';

const REMINDERS = '/api/v1/reminders/';
const CLIENT = 10;
/** Numbers that JavaScript's numbers cannot hold, in every place of a document. */
const EXACT =
  '{"a": 9007199254740993, "b": [0.1000000000000000055511151231257827, {"c": -123456789012345678.25}]}';

let app: TestApp;
let token: string;
const sql = (text: string, parameters?: unknown[]) => tenantSql(app.databases.admin, text, parameters);
/** Sends a body as raw text, which no JavaScript value could express. */
const send = (method: string, path: string, body: string, type = 'application/json'): Promise<Answer> =>
  app.ask(method, path, { token, body: Buffer.from(body), headers: { 'content-type': type } });
const reminder = (meta: string) =>
  `{"title": "Call", "content_type": ${CLIENT}, "object_id": 1, "meta_info": ${meta}}`;
const textOf = (answer: Answer) => answer.raw.toString();
const withoutSpaces = (json: string) => json.replaceAll(' ', '');

beforeAll(async () => {
  app = await startTestApp({ deaf: true, live: { poll: 100 } });
  await seedStaff(app);
  token = await app.logIn('admin');
  await sql(`INSERT INTO immigration_client (first_name, branch_id) VALUES ('One', 1)`);
});
afterAll(() => app?.close());

test('numbers of any length are kept and shown as they were given', async () => {
  const made = await send('POST', REMINDERS, reminder(EXACT));
  expect(made.status).toBe(201);
  expect(textOf(made)).toContain(`"meta_info":${withoutSpaces(EXACT)}`);
  const [stored] = await sql('SELECT meta_info::text AS kept FROM immigration_reminder WHERE id = $1', [
    made.body.id,
  ]);
  expect(stored?.kept).toBe(EXACT);
  for (const path of [REMINDERS, `${REMINDERS}${made.body.id}/`]) {
    expect(textOf(await app.ask('GET', path, { token }))).toContain(withoutSpaces(EXACT));
  }
  const patched = await send(
    'PATCH',
    `${REMINDERS}${made.body.id}/`,
    '{"meta_info": {"n": 1e25, "m": 12345678901234567890}}',
  );
  expect(textOf(patched)).toContain('"m":12345678901234567890');
});

test('what a form gives as JSON is read alike', async () => {
  const form = new URLSearchParams({
    title: 'Call',
    content_type: String(CLIENT),
    object_id: '1',
    meta_info: EXACT,
  });
  const made = await send('POST', REMINDERS, String(form), 'application/x-www-form-urlencoded');
  expect([made.status, textOf(made)]).toEqual([201, expect.stringContaining(withoutSpaces(EXACT))]);
});

test.each([
  ['{"n": 1e400}', 'The number 1e400 is out of range or too long; give it as a text.'],
  ['{"a": [{"n": -1e400}]}', 'The number -1e400 is out of range or too long; give it as a text.'],
  ['{"n": 1e-400}', 'The number 1e-400 is out of range or too long; give it as a text.'],
  [
    `{"n": 0.${'1'.repeat(2_000)}}`,
    `The number 0.${'1'.repeat(38)}… is out of range or too long; give it as a text.`,
  ],
  ['{"n": "a\\u0000b"}', 'Null characters are not allowed.'],
  ['{"a\\u0000b": 1}', 'Null characters are not allowed.'],
  ['{"\\ud800": 1}', 'Not a valid string.'],
  ['{"n": ["\\udc00"]}', 'Not a valid string.'],
  [`{"n": ${'['.repeat(60)}${']'.repeat(60)}}`, 'Ensure this value is nested no more than 50 levels deep.'],
  ['9007199254740993', 'Expected a dictionary of items but got type "int".'],
  ['1e400', 'Expected a dictionary of items but got type "float".'],
])('what cannot be kept is refused under its field: %#', async (meta, message) => {
  const answer = await send('POST', REMINDERS, reminder(meta));
  expect([answer.status, answer.body]).toEqual([400, { meta_info: [message] }]);
});

test('a body that is such a number, or hides one in endless depth, is answered 400', async () => {
  expect((await send('POST', REMINDERS, '9007199254740993')).body).toEqual({
    non_field_errors: ['Invalid data. Expected a dictionary, but got int.'],
  });
  const deep = `{"x": ${'['.repeat(50_000)}${']'.repeat(50_000)}, "meta_info": {"n": 9007199254740993}}`;
  expect(await send('POST', REMINDERS, deep)).toMatchObject({
    status: 400,
    body: { detail: 'JSON parse error - it is nested too deeply' },
  });
});

test('of a key that is given twice the last value counts, as in PostgreSQL', async () => {
  for (const meta of ['{"n": 1, "n": 2}', '{"n": 1, "n": 9007199254740993}']) {
    const made = await send('POST', REMINDERS, reminder(meta));
    expect(textOf(made)).toContain(`"meta_info":{"n":${meta.slice(meta.lastIndexOf(':') + 2)}`);
  }
});

test('what other programs have written is shown as it is, and stays when other fields are changed', async () => {
  await sql(
    `INSERT INTO immigration_reminder (title, content_type_id, object_id, meta_info) VALUES ('Theirs', ${CLIENT}, 1, $1)`,
    [EXACT],
  );
  const [{ id }] = (await sql(`SELECT id::integer FROM immigration_reminder WHERE title = 'Theirs'`)) as [
    { id: number },
  ];
  const patched = await send('PATCH', `${REMINDERS}${id}/`, '{"read": true}');
  expect(textOf(patched)).toContain(withoutSpaces(EXACT));
  const [kept] = await sql('SELECT meta_info::text AS kept FROM immigration_reminder WHERE id = $1', [id]);
  expect(kept?.kept).toBe(EXACT);
});

test('the live stream and the list of notifications show them whole', async () => {
  const stream = await EventStream.open(app.base, { token });
  await stream.until('connection_established');
  await sql(
    `INSERT INTO immigration_notification (notification_type, title, message, meta_info, assigned_to_id)
     VALUES ('TASK_ASSIGNED', 'T', 'M', $1, $2)`,
    [EXACT, idOf('admin')],
  );
  await stream.until('notification_message');
  stream.close();
  expect(stream.raw).toContain(withoutSpaces(EXACT));
  expect(textOf(await app.ask('GET', '/api/v1/notifications/', { token }))).toContain(withoutSpaces(EXACT));
});

test('amounts that are given as numbers keep every digit, or are refused', async () => {
  const make = (fee: string) => send('PATCH', '/api/v1/courses/1/', `{"total_tuition_fee": ${fee}}`);
  await sql(`
    INSERT INTO immigration_institute (id, name, short_name) VALUES (1, 'I', 'I');
    INSERT INTO immigration_course_level (id, name) VALUES (1, 'L');
    INSERT INTO immigration_broad_field (id, name) VALUES (1, 'B');
    INSERT INTO immigration_narrow_field (id, name, broad_field_id) VALUES (1, 'N', 1);
    INSERT INTO immigration_course (id, name, institute_id, level_id, broad_field_id, narrow_field_id)
    VALUES (1, 'C', 1, 1, 1, 1)`);
  expect((await make('12345678901234567.89')).body.total_tuition_fee).toBe('12345678901234567.89');
  expect((await make('1250.10')).body.total_tuition_fee).toBe('1250.10');
  expect((await make('1.0000000000000000001')).body).toEqual({
    total_tuition_fee: ['Ensure that there are no more than 2 decimal places.'],
  });
});

test('digits for a text stay the digits that they were, and a whole number is not made of another', async () => {
  const client = (fields: string) =>
    send('POST', '/api/v1/clients/', `{"first_name": "One", "gender": "OTHER", "country": "NP", ${fields}}`);
  expect((await client('"postcode": 12345678901234567890')).body.postcode).toBe('12345678901234567890');
  expect((await client('"postcode": 0.30000000000000000001')).body).toEqual({
    postcode: ['Not a valid string.'],
  });
  expect((await client('"branch_id": 1.0000000000000000001')).body).toEqual({
    branch_id: ['A valid integer is required.'],
  });
});
