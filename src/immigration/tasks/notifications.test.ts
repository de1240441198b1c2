import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { EventStream } from '../../../test/helpers/event-stream.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { Database } from '../../database/database.js';
import { Listener } from '../../database/listener.js';
import { statement } from '../../database/statement.js';
import { EVENTS } from '../../events/config.js';
import { Dispatcher } from '../../events/worker/dispatcher.js';

// The API and the handlers of events together: each assignment is notified once, by one or the other.

const PATH = '/api/v1/tasks/';
let app: TestApp;
let database: Database;
let listener: Listener;
let dispatcher: Dispatcher;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'consultant1', 'consultant12']) tokens[name] = await app.logIn(name);
  database = new Database(app.databases.app, { size: 2 });
  listener = new Listener(app.databases.app);
  dispatcher = new Dispatcher(database, listener, EVENTS);
  await listener.start();
  dispatcher.start();
});
afterAll(async () => {
  await dispatcher?.stop(5_000);
  await listener?.close();
  await database?.close();
  await app?.close();
});

const ask = async (by: string, method: string, path: string, body?: object) =>
  (await app.ask(method, PATH + path, { token: tokens[by], body })).body;
const make = (given: object) =>
  ask('admin', 'POST', '', { title: 'Call', detail: 'Now', due_date: '2027-01-01T00:00:00Z', ...given });

async function rows<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
  return await app.database.tenantQuery({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
}

/** Returns the recipients of a task's notifications, in order, once every event about it has been handled. */
async function told(task: number): Promise<string[]> {
  await expect.poll(() => rows(`SELECT FROM immigration_event WHERE status <> 'COMPLETED'`)).toEqual([]);
  const found = await rows<{ type: string; name: string }>(
    `SELECT n.notification_type AS type, u.username AS name
     FROM immigration_notification n JOIN immigration_user u ON u.id = n.assigned_to_id
     WHERE n.meta_info ->> 'task_id' = $1::text ORDER BY n.id`,
    [task],
  );
  return found.map(({ type, name }) => `${type} ${name}`);
}

test('each assignment is told once, whichever way it comes about', async () => {
  const { id } = await make({ assigned_to: idOf('consultant1') });
  const expected = ['TASK_ASSIGNED consultant1'];
  expect(await told(id)).toEqual(expected);

  await ask('admin', 'PATCH', `${id}/`, { assigned_to: idOf('consultant12') });
  expected.push('TASK_ASSIGNED consultant12');
  expect(await told(id)).toEqual(expected);

  await ask('admin', 'PATCH', `${id}/`, { assigned_to: idOf('consultant12'), priority: 'LOW' });
  await ask('admin', 'PATCH', `${id}/`, { branch_id: 1 });
  await ask('consultant1', 'POST', `${id}/claim/`);
  expected.push('TASK_ASSIGNED consultant1');
  expect(await told(id)).toEqual(expected);

  await ask('admin', 'PATCH', `${id}/`, { branch_id: 1 });
  await ask('consultant12', 'PATCH', `${id}/`, { assigned_to: idOf('consultant12') });
  expected.push('TASK_ASSIGNED consultant12');
  expect(await told(id)).toEqual(expected);

  await ask('admin', 'PATCH', `${id}/`, { branch_id: 1 });
  await ask('admin', 'PATCH', `${id}/`, { assigned_to: idOf('consultant1') });
  expected.push('TASK_ASSIGNED consultant1');
  expect(await told(id)).toEqual(expected);

  // It did not belong to a branch before: this is no claim, but an ordinary change.
  await ask('admin', 'PATCH', `${id}/`, { assigned_to: null });
  await ask('admin', 'PATCH', `${id}/`, { assigned_to: idOf('admin') });
  expected.push('TASK_ASSIGNED admin');
  expect(await told(id)).toEqual(expected);
}, 60_000);

test('what the API itself tells comes over the live stream at once', async () => {
  const stream = await EventStream.open(app.base, { token: tokens.consultant1 });
  try {
    await stream.until('connection_established');
    const { id } = await make({ assigned_to: idOf('consultant1') });
    const { notification } = (await stream.until('notification_message')).data;
    expect(notification).toMatchObject({ notification_type: 'TASK_ASSIGNED', meta_info: { task_id: id } });
    await ask('admin', 'POST', `${id}/add_comment/`, { comment: 'Look, @consultant1' });
    const { data } = await stream.until('notification_message', 2);
    expect(data.notification).toMatchObject({
      notification_type: 'TASK_MENTIONED',
      meta_info: { comment_text: 'Look, @consultant1' },
    });
  } finally {
    stream.close();
    await stream.ended;
  }
});

test('a task linked to a client stands in its timeline', async () => {
  const body = { first_name: 'Maya', gender: 'FEMALE', country: 'NP' };
  const { body: client } = await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body });
  const { id } = await make({ title: 'Visa', linked_entity_type: 'client', linked_entity_id: client.id });
  await told(id);
  const path = `/api/v1/clients/${client.id}/timeline/`;
  const { results } = (await app.ask('GET', path, { token: tokens.admin })).body;
  expect(results).toMatchObject([
    { activity_type: 'TASK_CREATED', description: 'Task "Visa" created', metadata: { task_id: id } },
  ]);
});
