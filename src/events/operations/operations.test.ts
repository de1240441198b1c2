import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addEvents,
  eventsConfig,
  handledBy,
  handlersWith,
  noteHandling,
  timesHandled,
  type WorkerTest,
  workerTest,
} from '../../../test/helpers/worker.js';
import { withOwner } from '../../database/owner.js';
import { listPauses, pauseEvents, resumeEvents } from './control.js';
import { cancelEvents, listDomainEvents, retryEvents, showEvent } from './operations.js';
import { eventsStatus } from './status.js';

const STAGE = 'Client.stage.UPDATE';
const MAIN = 'tenant_main';

let test: WorkerTest;

beforeAll(async () => {
  test = await workerTest();
});
afterAll(() => test.close());
beforeEach(() => test.clear());

const statuses = async () =>
  (await test.sql('SELECT status FROM immigration_event ORDER BY id')).map(({ status }) => status as string);
const queued = async () => (await test.sql('SELECT FROM public.event_queue')).length;

/** Fails all waiting events, of which the first handler has succeeded. */
async function failAll(): Promise<void> {
  let calls = 0;
  const handlers = handlersWith(async (work, transaction) => {
    if (calls++ % 2 === 1) throw new Error('no luck');
    return await noteHandling(work, transaction);
  });
  await test.sql('UPDATE immigration_event SET max_retries = 0');
  const running = await test.start({
    config: eventsConfig({ [STAGE]: handledBy(2) }),
    handlers,
    pollMs: 50,
    limits: { batch: 1 },
  });
  await test.drained();
  await running.stop();
}

/** Handles all waiting events without failures. */
async function handleAll(): Promise<void> {
  const config = eventsConfig({ [STAGE]: handledBy(2) });
  const running = await test.start({ config, handlers: handlersWith(noteHandling), pollMs: 50 });
  await test.drained();
  await running.stop();
}

describe('retrying', () => {
  it('handles failed events again, but not what succeeded of them', async () => {
    await addEvents(test, 3);
    await failAll();
    expect(await statuses()).toEqual(['FAILED', 'FAILED', 'FAILED']);
    await test.sql(
      `DELETE FROM immigration_notification WHERE notification_type = 'SYSTEM_ALERT' AND title <> 'Notification'`,
    );
    expect(await retryEvents(test.database, MAIN, {})).toHaveLength(3);
    const [event] = await listDomainEvents(test.database, MAIN, {}, 1);
    expect(event).toMatchObject({
      status: 'PENDING',
      retry_count: 0,
      error_message: null,
      processed_at: null,
    });
    expect(event?.due_at).not.toBeNull();
    await handleAll();
    expect(await statuses()).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
    expect(await timesHandled(test)).toEqual({ 2: 3 });
  });

  it('takes only what is meant, and only what has failed', async () => {
    await addEvents(test, 2);
    await failAll();
    await addEvents(test, 1);
    const [first] = await test.sql('SELECT min(id)::integer AS id FROM immigration_event');
    expect(await retryEvents(test.database, MAIN, { ids: [first!.id, 12345] })).toEqual([first!.id]);
    expect(await statuses()).toEqual(['PENDING', 'FAILED', 'PENDING']);
    expect(await retryEvents(test.database, MAIN, { type: 'Client.active.UPDATE' })).toHaveLength(0);
    expect(await retryEvents(test.database, MAIN, { handler: 'notification' })).toHaveLength(0);
    expect(await retryEvents(test.database, MAIN, { until: new Date(Date.now() - 60_000) })).toHaveLength(0);
    expect(
      await retryEvents(test.database, MAIN, { handler: 'task', since: new Date(Date.now() - 60_000) }),
    ).toHaveLength(1);
    expect(await queued()).toBe(3);
  });
});

describe('cancelling', () => {
  it('takes waiting events out of the queue, and they can be retried', async () => {
    await addEvents(test, 2_500);
    expect(await cancelEvents(test.database, MAIN, {})).toHaveLength(2_500);
    expect(await queued()).toBe(0);
    const [event] = await listDomainEvents(test.database, MAIN, { status: 'FAILED' }, 1);
    expect(event).toMatchObject({ error_message: 'cancelled', due_at: null });
    expect(await test.sql('SELECT FROM immigration_notification')).toEqual([]);
    expect(await retryEvents(test.database, MAIN, { ids: [event!.id] })).toHaveLength(1);
    await handleAll();
    expect(await timesHandled(test)).toEqual({ 0: 2_499, 2: 1 });
  });

  it('beside workers in full swing: each event is either handled or cancelled', async () => {
    await addEvents(test, 1_500, { records: 90 });
    const config = eventsConfig({ [STAGE]: handledBy(1) });
    const start = () => test.start({ config, handlers: handlersWith(noteHandling), pollMs: 50 });
    const workers = await Promise.all([start(), start()]);
    await test.until(async () => (await queued()) < 1_400);
    const cancelled = (await cancelEvents(test.database, MAIN, {})).length;
    expect(cancelled).toBeGreaterThan(0);
    await test.drained();
    for (const worker of workers) await worker.stop();
    expect(await timesHandled(test)).toEqual({ 0: cancelled, 1: 1_500 - cancelled });
    const [row] = await test.sql(
      `SELECT count(*)::integer AS n FROM immigration_event WHERE status = 'FAILED'`,
    );
    expect(row!.n).toBe(cancelled);
  }, 60_000);
});

it('one event is shown with everything, one of another tenant or none is not', async () => {
  await addEvents(test, 1);
  await failAll();
  const [{ id }] = (await test.sql('SELECT id::integer FROM immigration_event')) as [{ id: number }];
  expect(await showEvent(test.database, MAIN, id)).toMatchObject({
    id,
    event_type: STAGE,
    tenant_schema: MAIN,
    entity_type: 'Client',
    entity_id: 1,
    action: 'UPDATE',
    changed_fields: ['stage'],
    current_state: { stage: 'CLIENT' },
    status: 'FAILED',
    error_message: 'task_2: no luck',
    handler_results: { task: { status: 'SUCCESS' }, task_2: { status: 'FAILED', error: 'no luck' } },
  });
  expect(await showEvent(test.database, 'tenant_demo', id)).toBeNull();
});

it('the status tells of pauses, of what waits and of what failed', async () => {
  await addEvents(test, 3);
  await failAll();
  await addEvents(test, 2);
  await addEvents(test, 1, { schema: 'tenant_demo' });
  await test.sql(`UPDATE public.event_queue SET due_at = now() + interval '1 hour', queued_at = now() - interval '30 s'
    WHERE schema_name = 'tenant_demo'`);
  const status = await eventsStatus(test.database, [MAIN, 'tenant_demo']);
  expect(status.waiting).toMatchObject([
    { schema: 'tenant_demo', type: STAGE, count: 1, due: 0 },
    { schema: MAIN, type: STAGE, count: 2, due: 2 },
  ]);
  expect(Math.round(status.waiting[0]!.oldestSeconds)).toBeGreaterThanOrEqual(30);
  expect(status.failed).toEqual([{ schema: MAIN, type: STAGE, count: 3 }]);
  expect(status.pauses).toEqual([]);
});

it('pauses are listed until they are resumed or over, and a second one replaces the first', async () => {
  const { database } = test;
  const until = new Date('2999-01-02T03:04:05Z');
  await pauseEvents(database, { kind: 'handler', handler: 'task' }, { reason: 'first', until });
  await pauseEvents(database, { kind: 'handler', handler: 'task' }, { reason: 'second' });
  await pauseEvents(database, { kind: 'tenant', schema: MAIN }, { until });
  await pauseEvents(database, { kind: 'all' }, { reason: 'x'.repeat(300), until });
  await pauseEvents(database, { kind: 'tenant', schema: 'tenant_demo' }, { until: new Date(Date.now() - 1) });
  expect(await listPauses(database)).toMatchObject([
    { of: { kind: 'all' }, reason: 'x'.repeat(255), until: '2999-01-02T03:04:05Z' },
    { of: { kind: 'tenant', schema: MAIN }, reason: '', until: '2999-01-02T03:04:05Z' },
    { of: { kind: 'handler', handler: 'task' }, reason: 'second', until: null },
  ]);
  for (const of of [
    { kind: 'all' },
    { kind: 'tenant', schema: MAIN },
    { kind: 'handler', handler: 'task' },
  ] as const) {
    expect(await resumeEvents(database, of)).toBe(true);
    expect(await resumeEvents(database, of)).toBe(false);
  }
  expect(await listPauses(database)).toEqual([]);
  const [row] = await test.sql(
    'SELECT is_paused, paused_until, pause_reason, resumed_at > paused_at AS later FROM public.immigration_event_processing_control',
  );
  expect(row).toEqual({ is_paused: false, paused_until: null, pause_reason: null, later: true });
});

it('a pause of everything holds also where the row of the switch was removed by force', async () => {
  const { database } = test;
  await withOwner(test.databases.admin, async (client) => {
    await client.query(`SET session_replication_role = replica;
      DELETE FROM public.immigration_event_processing_control`);
  });
  await pauseEvents(database, { kind: 'all' }, { reason: 'by force' });
  expect(await listPauses(database)).toMatchObject([{ of: { kind: 'all' }, reason: 'by force' }]);
  expect(await resumeEvents(database, { kind: 'all' })).toBe(true);
});
