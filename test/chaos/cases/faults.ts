import { setTimeout as sleep } from 'node:timers/promises';
import { audit, type CaseResult, count, seconds, sum } from '../audit.js';
import { Scene } from '../scene.js';
import type { Stage } from '../stage.js';

/** Makes every INSERT of a handler run this first; `event` and `retries` are defined. */
export async function disturb(
  scene: Scene,
  table: 'notification' | 'clientactivity',
  body: string,
): Promise<void> {
  const meta = table === 'notification' ? 'meta_info' : 'metadata';
  await scene.sql(`
    CREATE OR REPLACE FUNCTION disturb_${table}() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE
      event bigint := (NEW.${meta} ->> 'event_id')::bigint;
      retries integer := (SELECT retry_count FROM immigration_event WHERE id = event);
    BEGIN
      IF to_jsonb(NEW) ->> 'notification_type' IS DISTINCT FROM 'SYSTEM_ALERT' THEN ${body} END IF;
      RETURN NEW;
    END $$;
    DROP TRIGGER IF EXISTS disturb ON immigration_${table};
    CREATE TRIGGER disturb BEFORE INSERT ON immigration_${table} FOR EACH ROW EXECUTE FUNCTION disturb_${table}()`);
}

async function leaveAlone(scene: Scene, table: 'notification' | 'clientactivity'): Promise<void> {
  await scene.sql(`DROP TRIGGER disturb ON immigration_${table}`);
}

const LUCKLESS = `IF (NEW.meta_info ->> 'client_id')::bigint % 10 = 0 THEN RAISE 'no luck'; END IF;`;

/** Makes a handler fail for every tenth client, until an operator retries its events. */
export function alwaysFails(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(1_000);
    await disturb(scene, 'notification', LUCKLESS);
    await scene.worker();
    await scene.change();
    const healthy = await scene.until(
      async () =>
        (await scene.number(`SELECT count(*) FROM immigration_event WHERE status = 'COMPLETED'`)) === 1_800,
    );
    const drained = await scene.drained();
    await audit(scene, { failed: 200 });
    const alerts = await scene.number(
      `SELECT count(DISTINCT meta_info -> 'event_id') FROM immigration_notification WHERE notification_type = 'SYSTEM_ALERT'`,
    );
    if (alerts !== 200) throw new Error(`admins were told of ${alerts} events instead of 200`);
    await leaveAlone(scene, 'notification');
    await scene.leopard('events', 'retry', '--all');
    await scene.drained();
    return {
      ...(await audit(scene)),
      remarks: `the other 1,800 done after ${seconds(healthy)}; 200 FAILED with alerts after ${seconds(healthy + drained)}, their timeline entries there; done by "events retry"`,
    };
  });
}

/** Makes most attempts of everything fail at random; another tenant goes on meanwhile. */
export function retryStorm(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(1_500);
    await scene.addClients(10, 'tenant_demo');
    await disturb(scene, 'notification', `IF random() < 0.7 THEN RAISE 'storm'; END IF;`);
    await Promise.all([scene.worker(), scene.worker()]);
    const begun = performance.now();
    await scene.change();
    const others: number[] = [];
    for (let n = 1; n <= 10; n++) {
      await scene.change(`id = ${n}`, 'tenant_demo');
      others.push(await scene.drained(60_000, 'tenant_demo'));
      await sleep(200);
    }
    await scene.drained();
    const stormed = performance.now() - begun;
    const [row] = await scene.sql(`SELECT sum(retry_count)::integer AS retries,
      count(*) FILTER (WHERE status = 'FAILED')::integer AS failed FROM immigration_event`);
    await leaveAlone(scene, 'notification');
    await scene.leopard('events', 'retry', '--all');
    await scene.drained();
    return {
      ...sum(await audit(scene), await audit(scene, { schema: 'tenant_demo' })),
      remarks: `7 of 10 tries fail: ${count(row!.retries)} retries, ${count(row!.failed)} FAILED after ${seconds(stormed)}, all done by "events retry"; another tenant's events took ${seconds(Math.max(...others))} at most`,
    };
  });
}

/** Makes a statement of a handler hang at its first attempt; a second worker serves the other tenant. */
export function hangsInDatabase(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(100);
    await scene.addClients(10, 'tenant_demo');
    const isIt = `NEW.meta_info ->> 'client_id' = '50' AND NEW.notification_type = 'CLIENT_ASSIGNED'`;
    const hang = `IF ${isIt} AND retries = 0 THEN PERFORM pg_sleep(3600); END IF;`;
    await disturb(scene, 'notification', hang);
    await Promise.all([scene.worker(), scene.worker()]);
    const begun = performance.now();
    await scene.change();
    await sleep(3_000);
    await scene.change('true', 'tenant_demo');
    const other = await scene.drained(60_000, 'tenant_demo');
    await scene.drained(180_000);
    return {
      ...sum(await audit(scene), await audit(scene, { schema: 'tenant_demo' })),
      remarks: `cut off after 2 s with its batch, after 30 s alone, done at its second try; all done after ${seconds(performance.now() - begun)}; meanwhile another tenant's events took ${seconds(other)} with a second worker`,
    };
  });
}

/** Makes a handler wait forever, for one client, at every attempt. */
export function hangsInProcess(stage: Stage): Promise<CaseResult> {
  const program = stage.version({
    'events/handlers/client-activity.js': `
      const { handle, handleMany } = clientActivity;
      const hangs = ({ event }) => event.current_state.first_name === 'Client 50';
      const never = new Promise(() => undefined);
      clientActivity.handle = (work, transaction) => (hangs(work) ? never : handle(work, transaction));
      clientActivity.handleMany = (works, transaction) => (works.some(hangs) ? never : handleMany(works, transaction));`,
  });
  return Scene.play(stage, async (scene) => {
    await scene.addClients(100);
    const worker = await scene.worker({ program });
    const begun = performance.now();
    await scene.sql(
      'UPDATE immigration_client SET assigned_to_id = assigned_to_id + 1, last_name = (last_name::integer + 1)::text',
    );
    await scene.drained(240_000);
    const failed = performance.now() - begun;
    const counts = await audit(scene, { rules: 1, failed: 1 });
    await worker.kill('SIGTERM');
    await scene.worker();
    await scene.leopard('events', 'retry', '--all');
    await scene.drained();
    return {
      ...(await audit(scene, { rules: 1 })),
      remarks: `the ${count(counts.events - 1)} others done; FAILED after 3 tries of 30 s, ${seconds(failed)} in all; done by a repaired version and "events retry"`,
    };
  });
}
