import { expect, it, vi } from 'vitest';
import {
  addEvents,
  handledBy,
  noteHandling,
  pause,
  startHandling,
  timesHandled,
  useWorkerTest,
  type WorkerTest,
} from '../../../test/helpers/worker.js';
import type { Statement } from '../../database/statement.js';
import { pauseEvents, resumeEvents } from '../operations/control.js';

/** So long that nothing happens without a notice. */
const POLL_MS = 60_000;
/** Longer than a worker that was told looks again. */
const LOOKED_AGAIN_MS = 400;

let test: WorkerTest;
useWorkerTest((made) => {
  test = made;
});

/** Starts a worker that has had work of tenant_main and waits for notices; returns it with the statements that it sends. */
async function workerAtRest() {
  const worker = await startHandling(test, noteHandling, handledBy(1), { pollMs: POLL_MS });
  await addEvents(test, 1);
  await test.drained();
  await pause(LOOKED_AGAIN_MS);
  const sent: string[] = [];
  const { publicQuery, tenantQuery } = worker.database;
  vi.spyOn(worker.database, 'publicQuery').mockImplementation((query: Statement) => {
    if (query.sql.includes('tenants_with_due_events')) sent.push('who has work');
    return publicQuery.call(worker.database, query) as Promise<never[]>;
  });
  vi.spyOn(worker.database, 'tenantQuery').mockImplementation((context, query) => {
    if (query.sql.includes('claim_events')) sent.push(`claim of ${context.schema}`);
    return tenantQuery.call(worker.database, context, query) as Promise<never[]>;
  });
  return { worker, sent };
}

const queued = async () =>
  (await test.sql('SELECT claims FROM public.event_queue')).map(({ claims }) => claims);

it('a worker at rest claims the events of the tenant that the notice names without asking who has work', async () => {
  const { sent } = await workerAtRest();
  await addEvents(test, 1);
  await test.drained();
  expect(sent[0]).toBe('claim of tenant_main');
  await test.until(() => sent.includes('who has work')); // of other tenants, that gave no notice of their own
  expect(await timesHandled(test)).toEqual({ 1: 2 });
});

it.each(['all', 'tenant'] as const)('a pause of %s is obeyed then', async (kind) => {
  const { sent } = await workerAtRest();
  await pauseEvents(test.database, { kind, schema: 'tenant_main' });
  await addEvents(test, 1);
  await test.until(() => sent.includes('claim of tenant_main'));
  await pause(LOOKED_AGAIN_MS);
  expect(await queued()).toEqual([0]);
  await resumeEvents(test.database, { kind, schema: 'tenant_main' });
  await test.drained();
  expect(await timesHandled(test)).toEqual({ 1: 2 });
});

it('and so is one of a handler, which waits without an attempt', async () => {
  const { sent } = await workerAtRest();
  await pauseEvents(test.database, { kind: 'handler', handler: 'task' });
  await addEvents(test, 1);
  await test.until(() => sent.includes('claim of tenant_main'));
  await pause(LOOKED_AGAIN_MS);
  expect(await queued()).toEqual([0]);
  expect(await timesHandled(test)).toEqual({ 0: 1, 1: 1 });
  const [event] = await test.sql(
    'SELECT status, retry_count FROM immigration_event ORDER BY id DESC LIMIT 1',
  );
  expect(event).toEqual({ status: 'PENDING', retry_count: 0 });
});

it('a notice that names no tenant with work is none of its business', async () => {
  const { sent } = await workerAtRest();
  for (const named of ['pg_catalog', 'tenant_unknown', 'tenant_demo', '"'])
    await test.sql('SELECT pg_notify($1, $2)', ['leopard_events', named]);
  await test.until(() => sent.length > 0);
  await pause(LOOKED_AGAIN_MS);
  expect(new Set(sent)).toEqual(new Set(['who has work']));
});
