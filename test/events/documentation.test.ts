import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TENANT_COLUMNS } from '../../src/database/generated/columns.js';
import { inTransaction, withOwner } from '../../src/database/owner.js';
import { planCapture } from '../../src/events/capture/capture.js';
import { installCapture } from '../../src/events/capture/install.js';
import { EVENTS } from '../../src/events/config.js';
import { checkEventsConfig } from '../../src/events/operations/check-config.js';
import type { EventsConfig } from '../../src/events/types.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { type WorkerTest, workerTest } from '../helpers/worker.js';
import { AGENT, AGENT_EVENTS } from './agent-events.js';

const PAGE = readFileSync(join(PACKAGE_ROOT, 'docs', 'event-framework.md'), 'utf8');

/** Returns the code of a file of this folder as the page shows it: without what differs in the program. */
function shown(file: string): string {
  return readFileSync(join(PACKAGE_ROOT, 'test', 'events', file), 'utf8')
    .replaceAll('../../src/events/handlers/', './')
    .replaceAll('../../src/', '../../')
    .trim();
}

let test: WorkerTest;
beforeAll(async () => {
  test = await workerTest();
});
afterAll(() => test.close());

it('the tracked entity of the page works', async () => {
  const code = shown('agent-events.ts');
  for (const line of code.split('\n').filter((text) => /^ {2}/.test(text)))
    expect(PAGE).toContain(line.trim());
  const config: EventsConfig = { ...EVENTS, entities: AGENT, events: AGENT_EVENTS };
  expect(checkEventsConfig(config)).toEqual([]);
  await withOwner(test.databases.owner, (client) =>
    inTransaction(client, async () => {
      await client.query('SET LOCAL search_path TO tenant_main');
      await installCapture(client, 'tenant_main', planCapture(TENANT_COLUMNS, config));
    }),
  );
  const running = await test.start({ config });
  await test.sql(`UPDATE immigration_agent SET email = 'old@example.com' WHERE id = 1`);
  await test.sql(`UPDATE immigration_agent SET email = 'new@example.com' WHERE id = 1`);
  await test.until(async () => (await test.sql('SELECT FROM immigration_notification')).length === 2);
  const [first, second] = await test.sql(
    'SELECT title, message, assigned_to_id::integer AS to FROM immigration_notification ORDER BY id',
  );
  expect(first).toMatchObject({ message: 'Agent A is now at old@example.com' });
  expect(second).toEqual({
    title: 'New address of Agent A',
    message: 'Agent A is now at new@example.com, before at old@example.com',
    to: 1,
  });
  await running.stop();
});
