import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { withOwner } from '../../src/database/owner.js';
import { EVENTS } from '../../src/events/config.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { deadlinesJob } from '../../src/immigration/deadlines/deadlines-job.js';
import { remindersJob } from '../../src/immigration/reminders/reminders-job.js';
import { tasksJob } from '../../src/immigration/tasks/tasks-job.js';
import { runJob } from '../helpers/jobs.js';
import { collegeChoice, visaType } from '../helpers/samples/applications.js';
import { idOf } from '../helpers/staff.js';
import { type ImportTest, importTest } from '../imports/setting.js';
import { png, upload } from './pictures.js';

// A mark in every text that can hold something of a client, through every route and every copy that is made of it; then
// the client is erased, and no table and no folder has the mark any more.

const MARK = 'zqmark';
const NAME = `${MARK.toUpperCase()}first ${MARK.toUpperCase()}last`;
const [FIRST, LAST] = NAME.split(' ') as [string, string];
const mark = (what: string) => `${MARK}-${what}`;

let setting: ImportTest;
let media: string;
beforeAll(async () => {
  setting = await importTest();
  media = setting.app.config.mediaDirectory;
  await setting.sql(`
    UPDATE public.tenants_tenant SET settings = '{"email_notifications": {"enabled": true, "types": ["*"]}}';
    INSERT INTO webhook_endpoint (url, secret) VALUES ('https://hooks.example/', 'x')`);
});
afterAll(() => setting?.close());

const ask = async (method: string, path: string, body?: unknown, expected = [200, 201, 204]) => {
  const answer = await setting.ask(method, `/api/v1/${path}`, body);
  if (!expected.includes(answer.status)) throw new Error(`${method} ${path}: ${answer.raw}`);
  return answer.body;
};

async function uploadPicture(content: Buffer) {
  const sent = upload(content, { name: `${mark('file')}.png` });
  const path = `/api/v1/clients/${id}/profile-picture/`;
  const answer = await setting.app.ask('POST', path, { token: setting.tokens.admin, ...sent });
  expect(answer.status, answer.raw.toString()).toBe(201);
}

/** Handles all waiting events, as a worker does, and runs the jobs. */
async function settle() {
  const { databases } = setting.app;
  const database = new Database(databases.app, { size: 3 });
  const listener = new Listener(databases.app);
  const dispatcher = new Dispatcher(database, listener, EVENTS);
  await listener.start();
  dispatcher.start();
  for (let waiting = true, tries = 0; waiting && tries < 500; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    waiting = (await setting.sql('SELECT FROM public.event_queue LIMIT 1')).length > 0;
  }
  await dispatcher.stop();
  await listener.close();
  for (const job of [remindersJob, tasksJob, deadlinesJob]) await runJob(database, job, { everywhere: true });
  await database.close();
}

/** Returns the places that hold a text, as `table.column`. */
async function placesWith(text: string): Promise<string[]> {
  return await withOwner(setting.app.databases.admin, async (client) => {
    const { rows } = await client.query<{ table: string; column: string }>(
      `SELECT c.oid::regclass::text AS "table", a.attname AS "column" FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE c.relnamespace IN ('tenant_main'::regnamespace, 'public'::regnamespace) AND c.relkind = 'r'
         AND a.attnum > 0 AND NOT a.attisdropped
         AND a.atttypid::regtype::text IN ('text', 'character varying', 'jsonb', 'json', 'bytea', 'character', 'text[]', 'character varying[]')
       ORDER BY 1, 2`,
    );
    const found: string[] = [];
    for (const { table, column } of rows) {
      const shown = `CASE WHEN pg_typeof("${column}")::text = 'bytea' THEN encode("${column}"::text::bytea, 'escape') ELSE "${column}"::text END`;
      const hex = Buffer.from(text).toString('hex');
      const held = await client.query(
        `SELECT FROM ${table} WHERE lower(${shown}) LIKE '%' || lower($1) || '%' OR ${shown} LIKE '%' || $2 || '%' LIMIT 1`,
        [text, hex],
      );
      if (held.rowCount) found.push(`${table}.${column}`.replace('tenant_main.', ''));
    }
    return found;
  });
}

const filesIn = async () =>
  (await readdir(media, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

const contentType = async (model: string) =>
  (await setting.sql(`SELECT id FROM django_content_type WHERE model = '${model}'`))[0]?.id;
let id: number;
const NEAR = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);

async function plant(): Promise<void> {
  ({ id } = await ask('POST', 'clients/', {
    ...{ first_name: FIRST, last_name: LAST, middle_name: mark('middle'), gender: 'FEMALE', country: 'NP' },
    ...{ email: `${MARK}@example.com`, phone_number: '+9779812345678', branch_id: 1 },
    ...{ street: mark('street'), suburb: mark('suburb'), state: mark('state'), postcode: mark('code') },
    ...{ description: mark('description'), referred_by: mark('referrer'), stage: 'LEAD' },
  }));
  await ask('PATCH', `clients/${id}/`, { description: mark('other'), email: `${MARK}2@example.com` });
  await ask('PATCH', `clients/${id}/`, { stage: 'CLIENT', assigned_to_id: idOf('consultant1') });
  await ask('POST', 'passports/', {
    ...{ client_id: id, passport_no: mark('pass'), passport_country: 'NP', country_of_birth: 'NP' },
    ...{ nationality: 'NP', place_of_issue: mark('issued'), date_of_expiry: NEAR, remind_days_before: [5] },
  });
  const note = await ask('POST', 'notes/', { client_id: id, client: id, content: mark('note') });
  const gone = await ask('POST', 'notes/', { client_id: id, client: id, content: mark('gone') });
  await ask('PATCH', `notes/${note.id}/`, { content: mark('changed') });
  await ask('DELETE', `notes/${gone.id}/`);
  await ask('POST', 'qualifications/', {
    ...{ client_id: id, course: mark('course'), institute: mark('school'), degree: mark('degree') },
    ...{ field_of_study: mark('field'), country: 'NP' },
  });
  await ask('POST', 'employments/', {
    ...{ client_id: id, employer_name: mark('employer'), position: mark('position'), country: 'NP' },
    ...{ start_date: '2020-01-01', end_date: '2021-01-01' },
  });
  const main = { schema: 'tenant_main', userId: null };
  const visa_type_id = await setting.app.database.tenantTransaction(main, visaType);
  const visa = await ask('POST', 'visa-applications/', {
    ...{ client_id: id, visa_type_id, immigration_fee: '1.00', service_fee: '2.00', notes: mark('visa') },
    ...{
      transaction_reference_no: mark('reference'),
      expiry_date: NEAR,
      assigned_to_id: idOf('consultant1'),
    },
    required_documents: [mark('document')],
  });
  await ask('PATCH', `visa-applications/${visa.id}/`, { status: 'GRANTED', date_granted: '2026-01-01' });
  const choice = await setting.app.database.tenantTransaction(main, collegeChoice);
  await ask('POST', 'college-applications/', {
    ...choice,
    ...{ client_id: id, student_id: mark('student'), notes: mark('college'), total_tuition_fee: '5.00' },
  });
  const task = await ask('POST', 'tasks/', {
    ...{ title: mark('task'), detail: mark('detail'), tags: [mark('tag')], due_date: `${NEAR}T00:00:00Z` },
    ...{
      assigned_to: idOf('consultant1'),
      linked_entity_type: 'client',
      linked_entity_id: id,
    },
  });
  await ask('POST', `tasks/${task.id}/add_comment/`, { comment: `${mark('comment')} @consultant1` });
  await ask('POST', 'reminders/', {
    ...{ title: mark('reminder'), reminder_date: '2026-01-01', meta_info: { about: mark('meta') } },
    ...{ content_type: await contentType('task'), object_id: task.id },
  });
  // Free texts of what is not the client's.
  await ask('POST', 'tasks/', {
    title: `Call ${NAME}`,
    detail: `${MARK}2@example.com`,
    due_date: `${NEAR}T00:00:00Z`,
  });
  const event = await ask('POST', 'events/', {
    ...{ title: `Meeting with ${NAME}`, description: `+9779812345678 ${NAME}`, location: `At ${NAME}` },
    ...{ start: `${NEAR}T10:00:00Z`, end: `${NEAR}T11:00:00Z` },
  });
  await ask('PATCH', `events/${event.id}/`, { title: `A meeting with ${NAME}` });
  for (const grey of [1, 2]) await uploadPicture(png(grey));
  await settle();
  await ask('GET', `passports/${id}/`);
  await ask('GET', `clients/export/?search=${FIRST}`);
  const file = [
    'first_name,last_name,email,gender,country,description',
    `${FIRST},${LAST},${MARK}2@example.com,FEMALE,NP,${mark('imported')}`,
    'Other,Person,other@example.com,MALE,NP,kept-by-others',
  ].join('\n');
  for (const duplicates of ['update', 'skip']) {
    const made = await setting.upload(file, 'admin', `${NAME}.csv`);
    await ask('PATCH', `client-imports/${made.id}/`, { duplicates });
    await setting.done(made.id as number, 'run');
  }
  await setting.upload(file, 'admin', 'draft.csv');
  await settle();
}

const totals = async () => {
  const names = ['client-stages', 'stage-conversions', 'lead-sources', 'visa-applications', 'visa-decisions'];
  const reports = await Promise.all(
    [...names, 'college-applications'].map((name) => ask('GET', `reports/${name}/`)),
  );
  return reports.map(({ totals: figures }) => figures);
};

describe('a client', () => {
  beforeAll(plant, 60_000);

  test('is in many places', async () => {
    const places = await placesWith(MARK);
    for (const table of [
      ...[
        'immigration_client',
        'immigration_passport',
        'immigration_note',
        'immigration_task',
        'immigration_event',
      ],
      ...['immigration_notification', 'immigration_reminder', 'delivery', 'audit_entry', 'client_import_row'],
      ...['client_import_part', 'immigration_calendar_event', 'client_search', 'client_import'],
    ])
      expect(places.filter((place) => place.startsWith(`${table}.`))).not.toEqual([]);
    expect(await filesIn()).not.toEqual([]);
  });

  test('is exported whole, files included', async () => {
    const document = await ask('GET', `clients/${id}/personal-data/`);
    const text = JSON.stringify(document);
    const texts =
      'middle other pass changed course employer visa college task comment reminder note gone imported';
    expect(texts.split(' ').filter((what) => !text.includes(mark(what)))).toEqual([]);
    expect(document.calendarevent[0].title).toContain(NAME);
    const stored = await readFile(join(media, 'tenant_main', document.files[0].name));
    expect(Buffer.from(document.files[0].content, 'base64')).toEqual(stored);
    const [event] = (await ask('GET', 'security-log/?kind=client_exported')).results;
    expect(event.detail).toEqual({ client: id });
  });

  test('is not erased without a confirmation, nor by others than SUPER_ADMIN', async () => {
    for (const body of [{}, { confirm: id + 1 }]) {
      const answer = await setting.ask('POST', `/api/v1/clients/${id}/erase/`, body);
      expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['confirm']]);
    }
    const refused = await setting.ask('POST', `/api/v1/clients/${id}/erase/`, { confirm: id }, 'branch1');
    expect(refused.status).toBe(403);
    expect(await filesIn()).not.toEqual([]);
  });

  test('leaves nothing behind but figures and a tombstone', async () => {
    const before = await totals();
    const { counts } = await ask('POST', `clients/${id}/erase/`, { confirm: id });
    expect(await placesWith(MARK)).toEqual([]);
    expect(await placesWith('9812345678')).toEqual([]);
    expect(await filesIn()).toEqual([]);
    expect(await totals()).toEqual(before);
    expect(counts.notifications).toBeGreaterThan(0);

    const [tombstone] = (await ask('GET', `audit/?entity=client&record_id=${id}&operation=delete`)).results;
    expect(tombstone).toMatchObject({ username: 'admin', before: null, after: { erased: true } });
    const [event] = (await ask('GET', 'security-log/?kind=client_erased')).results;
    expect(event).toMatchObject({ actor_name: 'admin', detail: { client: id } });
    await settle();
    expect(await placesWith(MARK)).toEqual([]);
    expect((await setting.ask('GET', `/api/v1/clients/${id}/`)).status).toBe(404);
    // What is another person's, in the same file, stays.
    expect(await placesWith('kept-by-others')).toContain('client_import_part.content');
  });

  test('can be erased again, which changes nothing for others of that name', async () => {
    const other = await ask('POST', 'clients/', {
      ...{ first_name: 'Erased', last_name: 'client', gender: 'MALE', country: 'NP' },
    });
    await ask('POST', `clients/${id}/erase/`, { confirm: id });
    expect((await ask('GET', `clients/${other.id}/`)).first_name).toBe('Erased');
    expect((await setting.ask('POST', '/api/v1/clients/999999/erase/', { confirm: 999999 })).status).toBe(
      404,
    );
  });
});

test('what another client has too is not taken from texts', async () => {
  const person = {
    first_name: 'Twin',
    last_name: 'Sharma',
    gender: 'MALE',
    country: 'NP',
    phone_number: '+97798000111',
  };
  const one = await ask('POST', 'clients/', person);
  await ask('POST', 'clients/', person);
  const task = await ask('POST', 'tasks/', {
    title: 'Call Twin Sharma',
    detail: 'x',
    due_date: `${NEAR}T00:00:00Z`,
  });
  await ask('POST', `clients/${one.id}/erase/`, { confirm: one.id });
  expect((await ask('GET', `tasks/${task.id}/`)).title).toBe('Call Twin Sharma');
});

test('the audit log is changed by nothing else', async () => {
  const attempt = `SELECT set_config('leopard.erasing', 'on', true); UPDATE audit_entry SET before = '{}'`;
  await expect(
    withOwner(setting.app.databases.app, (client) =>
      client.query(`BEGIN; SET LOCAL ROLE tenant_main; SET LOCAL search_path TO tenant_main; ${attempt}`),
    ),
  ).rejects.toThrow('permission denied');
});

test('a client with a number that looks like something else takes nothing from others', async () => {
  const phone_number = '9812345678';
  const ofTask = { title: `Call ${phone_number}.`, detail: 'x', due_date: `${NEAR}T00:00:00Z` };
  const task = await ask('POST', 'tasks/', ofTask);
  await ask('POST', 'reminders/', {
    ...{
      title: 'Fee',
      reminder_date: '2026-01-01',
      meta_info: { fee: Number(phone_number), of: phone_number },
    },
    ...{ content_type: await contentType('task'), object_id: task.id },
  });
  const base = { last_name: 'Number', gender: 'OTHER', country: 'NP', branch_id: 1, stage: 'LEAD' };
  for (const [passport_no, more] of [
    ['PENDING', { phone_number }],
    ['Reminder.CREATE', {}],
    [NEAR, {}],
  ] as const) {
    const { id: odd } = await ask('POST', 'clients/', { ...base, first_name: `Odd ${passport_no}`, ...more });
    await ask('POST', 'passports/', {
      ...{ client_id: odd, passport_no, passport_country: 'NP', country_of_birth: 'NP', nationality: 'NP' },
    });
    await ask('POST', `clients/${odd}/erase/`, { confirm: odd });
  }
  expect(await ask('GET', `tasks/${task.id}/`)).toMatchObject({ status: 'PENDING', title: 'Call [erased].' });
  const [reminder] = await setting.sql(`SELECT meta_info FROM immigration_reminder WHERE title = 'Fee'`);
  expect(reminder?.meta_info).toEqual({ fee: Number(phone_number), of: '[erased]' });
  const kept = await setting.sql(`
    SELECT FROM audit_entry WHERE entity = 'task' AND record_id = ${task.id} AND after ->> 'due_date' LIKE '${NEAR}%'`);
  expect(kept).toHaveLength(1);
});

test('a client with the e-mail address of a user takes nothing from that user’s e-mails', async () => {
  const [user] = await setting.sql(`SELECT email FROM immigration_user WHERE id = ${idOf('consultant1')}`);
  const email = user?.email as string;
  await setting.sql(`
    INSERT INTO delivery (kind, recipient, destination, event_type, subject, body)
    VALUES ('email', '${email}', 'mail', 'Account.password-changed', 'waits', 'x')`);
  const { id: same } = await ask('POST', 'clients/', {
    ...{
      first_name: 'Same',
      last_name: 'Address',
      gender: 'OTHER',
      country: 'NP',
      branch_id: 1,
      stage: 'LEAD',
      email,
    },
  });
  await ask('POST', `clients/${same}/erase/`, { confirm: same });
  const [waiting] = await setting.sql(`SELECT recipient FROM delivery WHERE subject = 'waits'`);
  expect(waiting?.recipient).toBe(email);
});
