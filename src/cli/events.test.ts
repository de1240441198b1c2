import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, settingsFor } from '../../test/helpers/cli.js';
import { addEvents, type WorkerTest, workerTest } from '../../test/helpers/worker.js';

const STAGE = 'Client.stage.UPDATE';

let test: WorkerTest;
let folder: string;

beforeAll(async () => {
  test = await workerTest();
  folder = await mkdtemp(join(tmpdir(), 'leopard-events-'));
});
afterAll(async () => {
  await test.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => test.clear());

const leopard = (...args: string[]) => runCommand(settingsFor(test.databases, folder), args);

/** Returns the output of a command, which must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await leopard(...args);
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout;
}

describe('leopard events', () => {
  it.each([
    ['events pause', 'events resume', 'events status'],
    ['events_pause', 'events_resume', 'events_status'],
  ])('%s stops everything until %s', async (pause, resume, status) => {
    expect(await said(...pause.split(' '), '--reason', 'upgrade')).toMatch(
      /^all events: paused; workers stop/,
    );
    expect(await said(...status.split(' '))).toMatch(
      /^PAUSED all events since \S+Z: upgrade\nnothing waits\n/,
    );
    expect(JSON.parse(await said(...status.split(' '), '--json'))).toMatchObject({
      is_paused: true,
      pauses: [{ of: 'all', reason: 'upgrade' }],
    });
    expect(await said(...resume.split(' '))).toBe('all events: resumed');
    expect(await said(...resume.split(' '))).toBe('all events: was not paused');
    expect(await said(...status.split(' '))).toMatch(/^nothing is paused\n/);
  });

  it('pause takes a tenant or a handler, and an end', async () => {
    expect(await said('events', 'pause', '--tenant', 'main', '--until', '2h')).toMatch(
      /^events of main: paused until 2[-\dT]+:\d\d:\d\dZ; /,
    );
    expect(await said('events', 'pause', '--handler', 'task', '--until', '2999-01-01T00:00Z')).toMatch(
      /^handler task/,
    );
    const { pauses } = JSON.parse(await said('events', 'status', '--json'));
    expect(pauses).toMatchObject([
      { of: 'tenant', tenant: 'main', handler: null },
      { of: 'handler', tenant: null, handler: 'task', paused_until: '2999-01-01T00:00:00Z' },
    ]);
    await said('events', 'resume', '--tenant', 'main');
    await said('events', 'resume', '--handler', 'task');
  });

  it.each([
    [['pause', '--tenant', 'main', '--handler', 'task'], /cannot be used with/],
    [['pause', '--handler', 'magic'], /Allowed choices are client_activity/],
    [['pause', '--until', '2001-01-01'], /This moment is over/],
    [['list', '--handler', 'magic'], /Allowed choices are client_activity/],
    [['retry', '--handler', 'magic'], /Allowed choices are client_activity/],
    [['list', '--since', 'soon'], /Give a moment as/],
    [['list', '--status', 'DONE'], /Allowed choices are PENDING/],
    [['show', 'x', '--tenant', 'main'], /no whole number/],
    [['show', '1'], /required option '--tenant/],
    [['retry'], /select events: by ids, a filter, or --all/],
    [['cancel', '5'], /name it with --tenant/],
  ])('%j is wrong usage', async (args, message) => {
    const { exitCode, stderr } = await leopard('events', ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('lists and shows events', async () => {
    expect(await said('events', 'list')).toBe('there is no such event');
    await addEvents(test, 3);
    await addEvents(test, 1, { schema: 'tenant_demo' });
    expect((await said('events', 'list')).split('\n')).toHaveLength(5);
    const list = JSON.parse(
      await said('events', 'list', '--tenant', 'main', '--type', STAGE, '--limit', '2', '--json'),
    );
    expect(list).toHaveLength(2);
    expect(list[0]).toMatchObject({
      event_type: STAGE,
      entity_type: 'Client',
      entity_id: 3,
      status: 'PENDING',
    });
    expect(JSON.parse(await said('events', 'list', '--until', '1h', '--json'))).toEqual([]);
    const shown = await said('events', 'show', String(list[0].id), '--tenant', 'main');
    expect(shown).toMatch(/current_state +\{"stage":"CLIENT"\}/);
    expect(
      JSON.parse(await said('events', 'show', String(list[0].id), '--tenant', 'main', '--json')),
    ).toMatchObject({
      previous_state: { stage: 'LEAD' },
    });
    expect((await leopard('events', 'show', '99999', '--tenant', 'main')).stderr).toBe(
      'main has no event 99999',
    );
    expect(await said('events', 'status')).toContain(`demo    ${STAGE}  1`);
    await test.sql('DELETE FROM tenant_demo.immigration_event');
  });

  it('cancels and retries events', async () => {
    await addEvents(test, 3);
    const [row] = await test.sql('SELECT min(id)::integer AS id FROM immigration_event');
    expect(await said('events', 'cancel', String(row!.id), '--tenant', 'main')).toBe('1 event cancelled');
    expect(await said('events', 'cancel', '--type', STAGE)).toBe('2 events cancelled');
    expect(JSON.parse(await said('events', 'status', '--json')).failed).toEqual([
      { tenant: 'main', type: STAGE, count: 3 },
    ]);
    expect(await said('events', 'retry', '--all')).toBe('3 events to be handled again');
    expect(await said('events', 'retry', '--all')).toBe('0 events to be handled again');
  });

  it('names the ids that are not there or cannot be taken, and takes the others', async () => {
    await addEvents(test, 3);
    const [row] = await test.sql('SELECT min(id)::integer AS id FROM immigration_event');
    const [first, second, third] = [row!.id, row!.id + 1, row!.id + 2].map(String) as [
      string,
      string,
      string,
    ];
    await test.sql(`UPDATE immigration_event SET status = 'COMPLETED' WHERE id = ${third}`);
    const on = (command: string, ...ids: string[]) => leopard('events', command, ...ids, '--tenant', 'main');
    expect(await on('cancel', first, third, '999999')).toMatchObject({
      exitCode: 1,
      stdout: '1 event cancelled',
      stderr: `not cancelled, since only waiting events are: ${third} (COMPLETED), 999999 (not there)`,
    });
    expect(await on('retry', first, second, '999999')).toMatchObject({
      exitCode: 1,
      stdout: '1 event to be handled again',
      stderr: `not to be handled again, since only failed events are: ${second} (PENDING), 999999 (not there)`,
    });
    expect(await on('retry', '999999')).toMatchObject({
      exitCode: 1,
      stdout: '0 events to be handled again',
    });
    expect(await on('cancel', first, second)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it.each(['events cleanup', 'events_cleanup'])('%s removes what was completed long ago', async (command) => {
    await addEvents(test, 4);
    await test.sql(`DELETE FROM public.event_queue`);
    await test.sql(`UPDATE immigration_event SET status = CASE WHEN id % 2 = 0 THEN 'COMPLETED' ELSE 'FAILED' END,
      created_at = now() - interval '8 days', processed_at = now() - interval '8 days'`);
    expect(await said(...command.split(' '), '--dry-run')).toMatch(/^2 to remove/);
    const { tenants } = JSON.parse(await said(...command.split(' '), '--tenant', 'main', '--json'));
    expect(tenants).toEqual([{ tenant: 'main', removed: 2 }]);
    expect(await said(...command.split(' '))).toBe('0 removed');
  });
});
