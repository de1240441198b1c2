import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../src/database/connections.js';
import { withOwner } from '../src/database/owner.js';
import { ADMIN } from './cases.js';
import type { Instance } from './program.js';

const LOOK_EVERY_MS = 50;
const LATEST_MS = 120_000;

/**
 * Assigns every client of the agency to somebody else by one statement, an event each, and waits until the running
 * program has handled all of the events.
 * @throws Error when that takes longer than two minutes
 */
export async function handleBacklog(instance: Instance): Promise<void> {
  const { owner } = await openDatabase(instance.config, { shared: true });
  if (!owner) throw new Error("the owner's connection is missing");
  await withOwner(owner, async (client) => {
    await client.query(
      `UPDATE ${ADMIN.schema}.immigration_client SET assigned_to_id = CASE assigned_to_id WHEN 2 THEN 3 ELSE 2 END`,
    );
    const late = performance.now() + LATEST_MS;
    for (;;) {
      const { rows } = await client.query('SELECT 1 FROM public.event_queue WHERE schema_name = $1 LIMIT 1', [
        ADMIN.schema,
      ]);
      if (rows.length === 0) return;
      if (performance.now() > late) throw new Error('the events were not handled in two minutes');
      await sleep(LOOK_EVERY_MS);
    }
  });
}
