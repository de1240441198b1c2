import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Listener } from '../../src/database/listener.js';
import { EVENTS } from '../../src/events/config.js';
import { allTypes } from '../../src/events/event-types.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { type DeliveryTest, makeEndpoint, startDeliveryTest, until } from './setting.js';

// An endpoint receives what it subscribes to, whether anything else is configured for it or not; a tenant without
// endpoints has the events of the configuration and no others.

let test: DeliveryTest;
let dispatcher: Dispatcher | undefined;

beforeAll(async () => {
  test = await startDeliveryTest();
  await test.asOwner(`
    SET search_path TO tenant_main, public;
    INSERT INTO immigration_user (id, username, is_active) VALUES (1, 'ann', true);
    INSERT INTO immigration_visacategory (id, name) VALUES (1, 'Student');
    INSERT INTO immigration_visatype (id, name, visa_category_id) VALUES (1, 'Subclass 500', 1);
    INSERT INTO immigration_institute (id, name) VALUES (1, 'Monash');
    INSERT INTO immigration_applicationtype (id, title) VALUES (1, 'Student');
    INSERT INTO immigration_stage (id, stage_name, position, application_type_id) VALUES (1, 'New', 1, 1), (2, 'Done', 2, 1);
    INSERT INTO immigration_course_level (id, name) VALUES (1, 'Master');
    INSERT INTO immigration_broad_field (id, name) VALUES (1, 'Science');
    INSERT INTO immigration_narrow_field (id, name, broad_field_id) VALUES (1, 'Physics', 1);
    INSERT INTO immigration_institute_location (id, institute_id, country) VALUES (1, 1, 'AU');
    INSERT INTO immigration_institute_intake (id, institute_id, intake_date) VALUES (1, 1, now());
    INSERT INTO immigration_course (id, name, institute_id, level_id, broad_field_id, narrow_field_id)
      VALUES (1, 'Physics', 1, 1, 1, 1)`);
});
afterEach(async () => {
  await dispatcher?.stop();
  dispatcher = undefined;
  await test.asOwner(`
    SET search_path TO tenant_main, public;
    DELETE FROM webhook_endpoint;
    DELETE FROM immigration_note; DELETE FROM immigration_task; DELETE FROM immigration_visaapplication;
    DELETE FROM immigration_collegeapplication; DELETE FROM immigration_client;
    DELETE FROM delivery; DELETE FROM immigration_event; DELETE FROM public.event_queue`);
});
afterAll(() => test.close());

/** Every change that can make an event. */
const CHANGES: readonly string[] = [
  "INSERT INTO immigration_client (id, first_name) VALUES (7, 'Ann')",
  'UPDATE immigration_client SET assigned_to_id = 1 WHERE id = 7',
  "UPDATE immigration_client SET stage = 'CLIENT' WHERE id = 7",
  'UPDATE immigration_client SET active = NOT active WHERE id = 7',
  "INSERT INTO immigration_task (id, title, due_date) VALUES (7, 'Call', now())",
  'UPDATE immigration_task SET assigned_to_id = 1 WHERE id = 7',
  "UPDATE immigration_task SET status = 'COMPLETED' WHERE id = 7",
  'DELETE FROM immigration_task WHERE id = 7',
  "INSERT INTO immigration_note (id, client_id, content) VALUES (7, 7, 'x')",
  "UPDATE immigration_note SET content = 'y' WHERE id = 7",
  'DELETE FROM immigration_note WHERE id = 7',
  'INSERT INTO immigration_visaapplication (id, client_id, visa_type_id) VALUES (7, 7, 1)',
  "UPDATE immigration_visaapplication SET status = 'GRANTED' WHERE id = 7",
  'UPDATE immigration_visaapplication SET assigned_to_id = 1 WHERE id = 7',
  'DELETE FROM immigration_visaapplication WHERE id = 7',
  `INSERT INTO immigration_collegeapplication (id, client_id, application_type_id, stage_id, institute_id, course_id, start_date_id, location_id)
   VALUES (7, 7, 1, 1, 1, 1, 1, 1)`,
  'UPDATE immigration_collegeapplication SET stage_id = 2 WHERE id = 7',
  'UPDATE immigration_collegeapplication SET assigned_to_id = 1 WHERE id = 7',
  'UPDATE immigration_collegeapplication SET deleted_at = now() WHERE id = 7',
  'UPDATE immigration_client SET deleted_at = now() WHERE id = 7',
];

async function changeAll(): Promise<void> {
  for (const sql of CHANGES) await test.rows(sql);
}

const typesMade = async () =>
  (await test.rows<{ event_type: string }>('SELECT event_type FROM immigration_event')).map(
    ({ event_type }) => event_type,
  );
const configured = Object.keys(EVENTS.events);

it('a tenant without endpoints has the events that are configured, and one with an endpoint for all has all', async () => {
  await changeAll();
  expect((await typesMade()).toSorted()).toEqual(configured.toSorted());

  await test.asOwner('DELETE FROM tenant_main.immigration_event');
  await test.asOwner('DELETE FROM tenant_main.immigration_collegeapplication');
  await test.asOwner('DELETE FROM tenant_main.immigration_client');
  await test.asOwner('DELETE FROM tenant_main.immigration_event');
  await makeEndpoint(test, 'https://hooks.agency.test/');
  await changeAll();
  expect((await typesMade()).toSorted()).toEqual(allTypes(EVENTS).toSorted());
});

it('each type goes to the endpoint that subscribes to it alone, and is handled otherwise as without', async () => {
  const endpoints = new Map<number, string>();
  for (const type of allTypes(EVENTS)) {
    const id = await makeEndpoint(test, 'https://hooks.agency.test/', { eventTypes: [type] });
    endpoints.set(id, type);
  }
  dispatcher = new Dispatcher(test.database, new Listener(test.databases.app), EVENTS, { pollMs: 30 });
  dispatcher.start();
  await changeAll();
  await until(async () => {
    const [row] = await test.asOwner<{ left: number }>(
      'SELECT count(*)::integer AS left FROM public.event_queue',
    );
    return row!.left === 0;
  }, 'the end of the queue');
  const left = await test.rows<{ endpoint_id: number; event_type: string }>(
    'SELECT endpoint_id, event_type FROM delivery',
  );
  expect(left).toHaveLength(endpoints.size);
  for (const { endpoint_id, event_type } of left) expect(endpoints.get(endpoint_id)).toBe(event_type);
  const events = await test.rows<{ event_type: string; status: string; handler_results: object }>(
    'SELECT event_type, status, handler_results FROM immigration_event',
  );
  for (const { event_type, status, handler_results } of events) {
    expect(status).toBe('COMPLETED');
    const expected = [
      ...(EVENTS.events[event_type]?.handlers ?? []).map(({ handler }) => handler),
      'webhook',
    ];
    expect(Object.keys(handler_results).toSorted()).toEqual(expected.toSorted());
  }
});

it('what no endpoint wants is not made, and an endpoint that is off wants nothing', async () => {
  await makeEndpoint(test, 'https://hooks.agency.test/', { eventTypes: ['*.status.UPDATE'] });
  const off = await makeEndpoint(test, 'https://hooks.agency.test/');
  await test.rows('UPDATE webhook_endpoint SET is_active = false WHERE id = $1', [off]);
  await changeAll();
  const expected = [...configured, 'Task.status.UPDATE', 'VisaApplication.status.UPDATE'];
  expect((await typesMade()).toSorted()).toEqual(expected.toSorted());
});

it('an event whose endpoint goes before it is handled is done', async () => {
  const endpoint = await makeEndpoint(test, 'https://hooks.agency.test/', { eventTypes: ['Client.CREATE'] });
  await test.rows("INSERT INTO immigration_client (first_name) VALUES ('Ann')");
  await test.rows('DELETE FROM webhook_endpoint WHERE id = $1', [endpoint]);
  dispatcher = new Dispatcher(test.database, new Listener(test.databases.app), EVENTS, { pollMs: 30 });
  dispatcher.start();
  const status = async () =>
    (await test.rows<{ status: string }>('SELECT status FROM immigration_event'))[0]?.status;
  await until(async () => (await status()) === 'COMPLETED', 'the end of the event');
  expect(await test.rows('SELECT * FROM delivery')).toEqual([]);
});
