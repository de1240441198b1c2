import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Row, type WorkerTest, workerTest } from '../../../test/helpers/worker.js';

// STAFF: 1 admin, 2 manager1 (region 1), 3 manager2, 4 branch1, 5 branch3, 6 consultant1, 7 consultant12, 12 gone (off).
let test: WorkerTest;
let client: number;

beforeAll(async () => {
  test = await workerTest();
  await test.start();
});

afterAll(() => test.close());

beforeEach(async () => {
  await test.drained();
  await test.clear();
  client = await insert('immigration_client', {
    first_name: 'Maya',
    last_name: 'Rai',
    gender: 'FEMALE',
    country: 'NP',
    branch_id: 1,
  });
  await settle();
});

async function insert(table: string, values: Row, user?: number): Promise<number> {
  const names = Object.keys(values);
  const places = names.map((_name, index) => `$${index + 1}`);
  const [row] = await as(
    user,
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')}) RETURNING id::integer`,
    Object.values(values),
  );
  return row!.id as number;
}

/** Returns a user's statement, run as the API does. */
async function as(userId: number | null = null, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  return await test.database.tenantQuery<Row>({ schema: 'tenant_main', userId }, { sql, parameters });
}

async function settle() {
  await test.drained();
  const failed = await test.sql(
    `SELECT event_type, error_message FROM immigration_event WHERE status <> 'COMPLETED'`,
  );
  expect(failed).toEqual([]);
}

const timeline = () =>
  test.sql(`SELECT activity_type AS type, description, metadata, performed_by_id::integer AS by, created_at::text AS at
    FROM immigration_clientactivity WHERE client_id = ${client} ORDER BY id`);
const notifications = () =>
  test.sql(`SELECT notification_type AS type, assigned_to_id::integer AS to, message, meta_info AS meta, due_date::text AS due
    FROM immigration_notification ORDER BY id`);
const lastEvent = async () =>
  (
    await test.sql(
      'SELECT id::integer, created_at::text AS at FROM immigration_event ORDER BY id DESC LIMIT 1',
    )
  )[0]!;

describe('a client', () => {
  it('that is assigned: timeline, and the new assignee is told', async () => {
    await as(1, `UPDATE immigration_client SET assigned_to_id = 6 WHERE id = ${client}`);
    await settle();
    const { id, at } = await lastEvent();
    const [entry] = await timeline();
    expect(entry).toMatchObject({
      type: 'ASSIGNED',
      description: 'Client assigned to First consultant1 Last consultant1',
      by: 1,
      at,
    });
    expect(entry!.metadata).toMatchObject({
      first_name: 'Maya',
      stage: 'LEAD',
      branch: 1,
      assigned_to: 6,
      passport: null,
      event_id: id,
      changed_fields: ['assigned_to'],
      performed_by_id: 1,
      assigned_to_id: 6,
    });
    expect(await notifications()).toEqual([
      {
        type: 'CLIENT_ASSIGNED',
        to: 6,
        message: 'Client Maya Rai has been assigned to you',
        meta: { event_id: id, entity_type: 'Client', entity_id: client, client_id: client },
        due: null,
      },
    ]);
  });

  it('that is unassigned: a timeline entry, nobody to tell', async () => {
    await test.sql(`UPDATE immigration_client SET assigned_to_id = 6 WHERE id = ${client}`);
    await settle();
    await test.sql(`UPDATE immigration_client SET assigned_to_id = NULL WHERE id = ${client}`);
    await settle();
    const entry = (await timeline())[1]!;
    expect(entry).toMatchObject({ type: 'ASSIGNED', description: 'Client unassigned', by: null });
    expect(entry.metadata).not.toHaveProperty('assigned_to_id');
    expect(entry.metadata).not.toHaveProperty('performed_by_id');
    expect(await notifications()).toHaveLength(1);
    const [event] = await test.sql(
      'SELECT handler_results AS results FROM immigration_event ORDER BY id DESC LIMIT 1',
    );
    expect(event!.results).toMatchObject({
      client_activity: { handler_name: 'client_activity', status: 'SUCCESS', error: null },
      notification: { handler_name: 'notification', status: 'SKIPPED', message: 'nobody to notify' },
    });
  });

  it('whose stage changes: assignee and branch admins are told, each once', async () => {
    await test.sql(`UPDATE immigration_client SET assigned_to_id = 4 WHERE id = ${client}`);
    await settle();
    await test.sql('DELETE FROM immigration_notification');
    await test.sql(`UPDATE immigration_client SET stage = 'CLIENT' WHERE id = ${client}`);
    await settle();
    const entry = (await timeline())[1]!;
    expect(entry).toMatchObject({
      type: 'STAGE_CHANGED',
      description: 'Client converted to CLIENT from LEAD',
    });
    expect(entry.metadata).not.toHaveProperty('assigned_to_id');
    expect((await notifications()).map(({ type, to }) => [type, to])).toEqual([['CLIENT_STAGE_CHANGED', 4]]);
    await test.sql(`UPDATE immigration_client SET stage = 'CLOSE', assigned_to_id = 6 WHERE id = ${client}`);
    await settle();
    const told = (await notifications()).slice(1).map(({ type, to }) => `${type} ${to}`);
    expect(told.sort()).toEqual(['CLIENT_ASSIGNED 6', 'CLIENT_STAGE_CHANGED 4', 'CLIENT_STAGE_CHANGED 6']);
  });

  it('that is archived: a timeline entry with the name from before', async () => {
    await test.sql(`UPDATE immigration_client SET deleted_at = now() WHERE id = ${client}`);
    await settle();
    const [entry] = await timeline();
    expect(entry).toMatchObject({ type: 'CLIENT_DELETED', description: 'Client Maya Rai was archived' });
    expect(Object.keys(entry!.metadata).sort()).toEqual(['changed_fields', 'event_id']);
  });

  it('that is removed for good takes its timeline along', async () => {
    await test.sql(`UPDATE immigration_client SET assigned_to_id = 6 WHERE id = ${client};
      DELETE FROM immigration_client WHERE id = ${client}`);
    await settle();
    expect(await timeline()).toEqual([]);
  });

  it('assigned to somebody who is disabled: a timeline entry, nobody is told', async () => {
    await test.sql(`UPDATE immigration_client SET assigned_to_id = 12 WHERE id = ${client}`);
    await settle();
    expect(await timeline()).toHaveLength(1);
    expect(await notifications()).toEqual([]);
  });
});

describe('a task', () => {
  const task = (values: Row = {}) =>
    insert('immigration_task', { title: 'Call "her"', due_date: '2030-01-02T03:04:05Z', ...values });

  it('that is linked to a client goes into the timeline, any other does not', async () => {
    const id = await task({ content_type_id: 10, object_id: client });
    await task();
    await task({ content_type_id: 1, object_id: client });
    await settle();
    const entries = await timeline();
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ type: 'TASK_CREATED', description: 'Task "Call "her"" created' });
    expect(entries[0]!.metadata).toMatchObject({ task_id: id, content_type_id: 10, object_id: client });
  });

  it('that is reassigned: the new assignee is told, with its priority and due date', async () => {
    const id = await task({ content_type_id: 10, object_id: client, assigned_to_id: 6, priority: 'HIGH' });
    await settle();
    expect(await notifications()).toEqual([]); // the creator of a task notifies its assignee
    await as(1, `UPDATE immigration_task SET assigned_to_id = 7 WHERE id = ${id}`);
    await settle();
    const { id: event } = await lastEvent();
    expect(await notifications()).toEqual([
      {
        type: 'TASK_ASSIGNED',
        to: 7,
        message: 'Task "Call "her"" has been assigned to you',
        meta: {
          event_id: event,
          entity_type: 'Task',
          entity_id: id,
          client_id: client,
          task_id: id,
          priority: 'HIGH',
        },
        due: '2030-01-02 03:04:05+00',
      },
    ]);
  });

  it('that is claimed tells nobody again; one that is given away does', async () => {
    const id = await task({ branch_id: 1 });
    await as(6, `UPDATE immigration_task SET assigned_to_id = 6, branch_id = NULL WHERE id = ${id}`);
    await settle();
    expect(await notifications()).toEqual([]);
    await as(6, `UPDATE immigration_task SET assigned_to_id = 7 WHERE id = ${id}`);
    await settle();
    expect((await notifications()).map(({ to }) => to)).toEqual([7]);
  });
});

it('a note goes into the timeline', async () => {
  await insert('immigration_note', { content: 'Hello', client_id: client, author_id: 6 }, 6);
  await settle();
  const [entry] = await timeline();
  expect(entry).toMatchObject({ type: 'NOTE_ADDED', description: 'Note added', by: 6 });
  expect(entry!.metadata).toMatchObject({ content: 'Hello', client, author: 6 });
});

it('a visa application: timeline with its type, and its assignee is told', async () => {
  const visaType = await insert('immigration_visatype', {
    name: 'Student 500',
    visa_category_id: 1,
    code: '500',
  });
  const id = await insert('immigration_visaapplication', { client_id: client, visa_type_id: visaType });
  await test.sql(`UPDATE immigration_visaapplication SET assigned_to_id = 6 WHERE id = ${id}`);
  await test.sql(`UPDATE immigration_visaapplication SET assigned_to_id = NULL WHERE id = ${id}`);
  await settle();
  const entries = await timeline();
  expect(entries.map(({ type, description }) => [type, description])).toEqual([
    ['VISA_APPLICATION_CREATED', 'Visa Application created: Student 500'],
    ['ASSIGNED', 'Visa Application Student 500 assigned to First consultant1 Last consultant1'],
    ['ASSIGNED', 'Visa Application Student 500 unassigned'],
  ]);
  const named = { visa_application_id: id, visa_type_name: 'Student 500' };
  for (const { metadata } of entries) expect(metadata).toMatchObject(named);
  const told = await notifications();
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ type: 'VISA_APPLICATION_ASSIGNED', to: 6 });
  expect(told[0]!.meta).toMatchObject({
    entity_type: 'VisaApplication',
    entity_id: id,
    client_id: client,
    ...named,
  });
});

it('a college application: timeline with institute and course, and its assignee is told', async () => {
  const institute = await insert('immigration_institute', { name: 'Uni' });
  const field = await insert('immigration_broad_field', { name: 'IT' });
  const narrow = await insert('immigration_narrow_field', { name: 'AI', broad_field_id: field });
  const level = await insert('immigration_course_level', { name: 'Bachelor' });
  const course = await insert('immigration_course', {
    name: 'Computing',
    institute_id: institute,
    broad_field_id: field,
    narrow_field_id: narrow,
    level_id: level,
    total_tuition_fee: 1,
    coe_fee: 1,
  });
  const type = await insert('immigration_applicationtype', { title: 'Standard' });
  const stage = await insert('immigration_stage', {
    stage_name: 'New',
    position: 1,
    application_type_id: type,
  });
  const location = await insert('immigration_institute_location', { institute_id: institute });
  const intake = await insert('immigration_institute_intake', {
    institute_id: institute,
    intake_date: '2030-01-01',
  });
  const id = await insert('immigration_collegeapplication', {
    client_id: client,
    course_id: course,
    institute_id: institute,
    application_type_id: type,
    stage_id: stage,
    location_id: location,
    start_date_id: intake,
    total_tuition_fee: '100.00',
  });
  await test.sql(`UPDATE immigration_collegeapplication SET assigned_to_id = 6 WHERE id = ${id}`);
  await settle();
  const entries = await timeline();
  expect(entries.map(({ type: kind, description }) => [kind, description])).toEqual([
    ['COLLEGE_APPLICATION_CREATED', 'College Application created: Computing at Uni'],
    ['ASSIGNED', 'College Application for Uni assigned to First consultant1 Last consultant1'],
  ]);
  const named = { application_id: id, institute_name: 'Uni', course_name: 'Computing' };
  for (const { metadata } of entries) expect(metadata).toMatchObject(named);
  const [told] = await notifications();
  expect(told).toMatchObject({ type: 'APPLICATION_ASSIGNED', to: 6 });
  expect(told!.meta).toMatchObject({
    client_id: client,
    application_id: id,
    application_type_name: 'Standard',
    institute_name: 'Uni',
  });
});

it('many at once are each handled as one is', async () => {
  await test.sql(`INSERT INTO immigration_client (first_name, last_name, gender, country, branch_id)
    SELECT 'Many', n::text, 'MALE', 'NP', 1 FROM generate_series(1, 130) n`);
  await test.sql(
    `UPDATE immigration_client SET assigned_to_id = 6, stage = 'CLIENT' WHERE first_name = 'Many'`,
  );
  await settle();
  const rows = await test.sql(`
    SELECT (SELECT count(*)::integer FROM immigration_clientactivity a WHERE a.client_id = c.id) AS entries,
      (SELECT count(*)::integer FROM immigration_notification n
       WHERE (n.meta_info ->> 'client_id')::bigint = c.id AND n.message LIKE '% Many ' || c.last_name || ' %') AS told
    FROM immigration_client c WHERE first_name = 'Many'`);
  expect(rows).toHaveLength(130);
  expect(new Set(rows.map(({ entries, told }) => `${entries} ${told}`))).toEqual(new Set(['2 3']));
});
