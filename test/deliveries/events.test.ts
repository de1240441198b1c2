import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Listener } from '../../src/database/listener.js';
import { deleteOldDeliveries } from '../../src/deliveries/old-deliveries-job.js';
import { EVENTS } from '../../src/events/config.js';
import { HANDLERS } from '../../src/events/handlers/registry.js';
import type { EventsConfig } from '../../src/events/types.js';
import { Dispatcher, type DispatcherOptions } from '../../src/events/worker/dispatcher.js';
import { removeRows } from '../../src/jobs/tidying-job.js';
import { type DeliveryTest, makeEndpoint, startDeliveryTest, until } from './setting.js';

let test: DeliveryTest;
let dispatcher: Dispatcher | undefined;

beforeAll(async () => {
  test = await startDeliveryTest();
  await test.rows(
    `INSERT INTO immigration_user (username, email, is_active) VALUES ('ann', 'ann@agency.test', true)`,
  );
});
afterEach(async () => {
  await dispatcher?.stop();
  dispatcher = undefined;
  await test.rows('DELETE FROM delivery');
  await test.rows('DELETE FROM webhook_endpoint');
  await test.rows('DELETE FROM immigration_client');
  await test.asOwner('DELETE FROM tenant_main.immigration_event');
  await test.asOwner('DELETE FROM public.event_queue');
  await test.asOwner("UPDATE public.tenants_tenant SET settings = settings - 'email'");
});
afterAll(() => test.close());

/** Handles the waiting events as workers do. */
function dispatch(config: EventsConfig = EVENTS, options: DispatcherOptions = {}) {
  dispatcher = new Dispatcher(test.database, new Listener(test.databases.app), config, {
    pollMs: 30,
    ...options,
  });
  dispatcher.start();
}

/** Changes a client's stage. */
async function changeStage(): Promise<void> {
  await test.rows(`INSERT INTO immigration_client (first_name, last_name) VALUES ('Tenzing', 'काम')`);
  await test.rows("UPDATE immigration_client SET stage = 'CLIENT'");
}

interface EventRow {
  readonly id: number;
  readonly status: string;
  readonly retry_count: number;
  readonly handler_results: Record<string, { status: string; message: string }>;
}

async function stageEvent(): Promise<EventRow> {
  const [event] = await test.rows<EventRow>(
    "SELECT * FROM immigration_event WHERE event_type = 'Client.stage.UPDATE'",
  );
  return event!;
}
const handled = () => until(async () => (await stageEvent()).status === 'COMPLETED', 'the end of the event');

it('an event goes to each endpoint that wants it, and is otherwise handled as without', async () => {
  await makeEndpoint(test, 'https://hooks.agency.test/a', { eventTypes: ['Client.s*'] });
  await makeEndpoint(test, 'https://hooks.agency.test:8443/b', { eventTypes: ['Client.stage.UPDATE'] });
  await makeEndpoint(test, 'https://hooks.agency.test/c', { eventTypes: ['Task.*'] });
  dispatch();
  await changeStage();
  await handled();
  const event = await stageEvent();
  expect(Object.keys(event.handler_results).toSorted()).toEqual([
    'client_activity',
    'notification',
    'webhook',
  ]);
  expect(event.handler_results.webhook).toMatchObject({ status: 'SUCCESS', message: 'left for 2 endpoints' });
  const rows = await test.rows<Record<string, unknown>>('SELECT * FROM delivery ORDER BY id');
  expect(rows).toMatchObject([
    {
      kind: 'webhook',
      event_id: event.id,
      destination: `endpoint ${rows[0]!.endpoint_id}`,
      status: 'PENDING',
    },
    {
      kind: 'webhook',
      event_id: event.id,
      destination: `endpoint ${rows[1]!.endpoint_id}`,
      status: 'PENDING',
    },
  ]);
  expect(JSON.parse(String(rows[0]!.body)).data).toMatchObject({
    previous_state: { stage: 'LEAD' },
    current_state: { stage: 'CLIENT', last_name: 'काम' },
    changed_fields: ['stage'],
  });
});

it('an event of a tenant without endpoint does not speak of webhooks', async () => {
  dispatch();
  await changeStage();
  await handled();
  expect(Object.keys((await stageEvent()).handler_results).toSorted()).toEqual([
    'client_activity',
    'notification',
  ]);
  expect(await test.rows('SELECT * FROM delivery')).toEqual([]);
});

it('another handler’s failure leaves the webhook once, however often the event is tried', async () => {
  await makeEndpoint(test, 'https://hooks.agency.test/a', { eventTypes: ['Client.stage.UPDATE'] });
  let calls = 0;
  const { handleMany, sendsAtOnce, ...failing } = HANDLERS.notification;
  dispatch(EVENTS, {
    handlers: {
      ...HANDLERS,
      notification: {
        ...failing,
        async handle(work, transaction) {
          if (++calls === 1) throw new Error('not yet');
          return await HANDLERS.notification.handle(work, transaction);
        },
      },
    },
  });
  await changeStage();
  await handled();
  expect((await stageEvent()).retry_count).toBe(1);
  expect(await test.rows('SELECT event_type FROM delivery')).toEqual([{ event_type: 'Client.stage.UPDATE' }]);
});

it('what the event’s transaction takes back takes the webhook along', async () => {
  await makeEndpoint(test, 'https://hooks.agency.test/a', { eventTypes: ['Client.stage.UPDATE'] });
  await test.asOwner(`
    CREATE FUNCTION tenant_main.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON tenant_main.delivery DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION tenant_main.refuse()`);
  dispatch();
  await changeStage();
  const tried = async () =>
    (await test.asOwner<{ claims: number }>('SELECT claims FROM public.event_queue')).some(
      ({ claims }) => claims > 0,
    );
  await until(tried, 'an attempt');
  expect(await test.rows('SELECT * FROM delivery')).toEqual([]);
  expect(await test.asOwner('SELECT * FROM public.delivery_queue')).toEqual([]);
  await test.asOwner('DROP FUNCTION tenant_main.refuse() CASCADE');
  await handled();
  expect(await test.rows('SELECT * FROM delivery')).toHaveLength(1);
});

it('the handlers email and webhook may be configured, and are off until the tenant switches them on', async () => {
  const config: EventsConfig = {
    ...EVENTS,
    events: {
      'Client.stage.UPDATE': {
        handlers: [
          {
            handler: 'email',
            config: {
              subject_template: '{client_name}: {new_stage}',
              body_template: 'From {old_stage} to {new_stage}',
              recipients: [{ user_ids: [1] }],
            },
          },
          { handler: 'webhook', config: {} },
        ],
      },
    },
  };
  dispatch(config);
  await changeStage();
  await handled();
  expect((await stageEvent()).handler_results).toMatchObject({
    email: { status: 'SKIPPED' },
    webhook: { status: 'SKIPPED' },
  });
  expect(await test.rows('SELECT * FROM delivery')).toEqual([]);

  await test.asOwner(
    `UPDATE public.tenants_tenant SET settings = settings || '{"email": {"enabled": true}}' WHERE schema_name = 'tenant_main'`,
  );
  await makeEndpoint(test, 'https://hooks.agency.test/a', { eventTypes: ['Client.stage.UPDATE'] });
  await test.asOwner('DELETE FROM tenant_main.immigration_event');
  await test.rows('DELETE FROM immigration_client');
  await changeStage();
  await handled();
  const { id } = await stageEvent();
  expect(await test.rows('SELECT * FROM delivery ORDER BY kind')).toMatchObject([
    {
      kind: 'email',
      recipient: 'ann@agency.test',
      subject: 'Tenzing काम: CLIENT',
      body: 'From LEAD to CLIENT',
      event_id: id,
    },
    { kind: 'webhook', event_id: id },
  ]);
});

it('old deliveries are removed with their logs, and nothing that still matters', async () => {
  await test.rows(
    `INSERT INTO delivery (kind, recipient, destination, body, status, created_at)
     SELECT 'email', status || days || '@x.test', 'mail', '', status, now() - make_interval(days => days)
     FROM unnest(ARRAY['PENDING', 'SENT', 'FAILED', 'CANCELLED']) status CROSS JOIN unnest(ARRAY[29, 31, 91]) days`,
  );
  await test.rows('INSERT INTO delivery_attempt (delivery_id, duration_ms) SELECT id, 1 FROM delivery');
  expect(await removeRows(test.database, 'tenant_main', deleteOldDeliveries, { dryRun: true })).toBe(5);
  expect(await removeRows(test.database, 'tenant_main', deleteOldDeliveries)).toBe(5);
  const left = await test.rows<{ recipient: string }>('SELECT recipient FROM delivery');
  expect(left.map(({ recipient }) => recipient.replace('@x.test', '')).toSorted()).toEqual(
    ['PENDING29', 'PENDING31', 'PENDING91', 'SENT29', 'CANCELLED29', 'FAILED29', 'FAILED31'].toSorted(),
  );
  expect(await test.rows('SELECT * FROM delivery_attempt')).toHaveLength(7);
});
