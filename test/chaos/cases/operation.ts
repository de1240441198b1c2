import { setTimeout as sleep } from 'node:timers/promises';
import { audit, type CaseResult, count, seconds } from '../audit.js';
import { Load } from '../load.js';
import { Scene } from '../scene.js';
import type { Stage } from '../stage.js';
import { disturb } from './faults.js';

/** Pauses events under full load, restarts worker and database meanwhile, then resumes. */
export function paused(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(4_000);
    const worker = await scene.worker();
    await scene.change();
    await sleep(500);
    await scene.leopard('events', 'pause', '--reason', 'chaos');
    await sleep(1_000);
    const left = await scene.waiting();
    await worker.kill('SIGTERM');
    await stage.restartPostgres();
    await Promise.all([scene.worker(), scene.worker()]);
    await scene.change('id <= 1000');
    await sleep(3_000);
    const moved = left + 2_000 - (await scene.waiting());
    if (left === 0 || moved !== 0)
      throw new Error(`${moved} of ${left} events were handled during the pause`);
    await scene.leopard('events', 'resume');
    const drained = await scene.drained();
    return {
      ...(await audit(scene)),
      remarks: `${count(left + 2_000)} waited through the restarts of worker and database, none was handled; ${seconds(drained)} from "events resume" to the last`,
    };
  });
}

/** Runs a version that lacks a type and a handler beside a newer one that has them; the old one restarts. */
export function twoVersions(stage: Stage): Promise<CaseResult> {
  const old = stage.version({
    'events/config.js': `
      delete EVENTS.events['Client.stage.UPDATE'];
      EVENTS.events['Client.assigned_to.UPDATE'].handlers.pop();`,
  });
  return Scene.play(stage, async (scene) => {
    await scene.addClients(500);
    const first = await scene.worker({ program: old });
    await scene.change(); // one event each, as the old version captures
    await scene.drained();
    // As in a deployment, where nobody has captured differently before.
    await scene.sql(`UPDATE public.event_capture SET superseded = '{}'`);
    const early = await scene.number('SELECT count(*) FROM immigration_event');
    // At its first attempt the newer version's notification fails for every fifth event.
    await disturb(scene, 'notification', `IF event % 5 = 0 AND retries = 0 THEN RAISE 'not yet'; END IF;`);
    await scene.worker();
    for (let n = 0; n < 6; n++) {
      await scene.change();
      await sleep(300);
    }
    await first.kill('SIGTERM');
    await scene.worker({ program: old });
    await scene.change();
    const begun = performance.now();
    await scene.drained(240_000);
    const drained = performance.now() - begun;
    const [row] = await scene.sql(`
      SELECT count(*) FILTER (WHERE handler_results ? 'notification')::integer AS newer,
        count(*) FILTER (WHERE retry_count > 0)::integer AS failed,
        count(*) FILTER (WHERE event_type LIKE '%stage%' AND NOT handler_results ? 'notification')::integer AS missed
      FROM immigration_event`);
    const counts = await audit(scene, { both: false, rules: 1, changes: early + 2 * 7 * 500 });
    return {
      ...counts,
      lost: counts.lost + row!.missed,
      remarks: `the newer version handled ${count(row!.newer)}, among them all ${count(7 * 500)} of the type that the old one lacks and ${count(row!.failed)} of which the handler that it lacks had failed; drained after ${seconds(drained)}`,
    };
  });
}

/** Suspends one tenant with work waiting, and deletes another one; the first comes back. */
export function suspendedAndDeleted(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    const suspend = (status: string) =>
      scene.sql(
        `UPDATE public.tenants_tenant SET subscription_status = $1 WHERE schema_name = 'tenant_main'`,
        [status],
      );
    await scene.addClients(4_000);
    await scene.addClients(5_000, 'tenant_demo');
    const workers = await Promise.all([scene.worker(), scene.worker()]);
    await Promise.all([scene.change(), scene.change('true', 'tenant_demo')]);
    await sleep(300);
    await suspend('SUSPENDED');
    await sleep(1_000);
    const waiting = await scene.waiting();
    const doomed = await scene.waiting('tenant_demo');
    await scene.leopard('tenants', 'delete', '--tenant', 'demo', '--force');
    await sleep(1_000);
    const handled = waiting - (await scene.waiting());
    const left = await scene.waiting('tenant_demo');
    if (handled > 0 || waiting === 0 || left > 0 || doomed === 0)
      throw new Error(
        `${handled} of ${waiting} handled while suspended; ${left} of ${doomed} left of the deleted`,
      );
    await suspend('ACTIVE');
    const drained = await scene.drained();
    const ended = await Promise.race([...workers.map(({ ended }) => ended), sleep(100)]);
    if (ended) throw new Error('a worker has ended');
    return {
      ...(await audit(scene)),
      remarks: `${count(waiting)} waited while suspended, done ${seconds(drained)} after the end of it; ${count(doomed)} went with the deleted tenant, and both workers went on`,
    };
  });
}

const RECORDS = 1_000;
const ROUNDS = 1;
const WRITERS = 5;

/** Changes all records by several concurrent writers, whose handlers fail now and then. */
export function inOrder(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(RECORDS);
    const now = (share: number) =>
      `IF retries < 2 AND random() < ${share} THEN RAISE 'now and then'; END IF;`;
    await disturb(scene, 'notification', now(0.03));
    await disturb(scene, 'clientactivity', now(0.02));
    await Promise.all([scene.worker(), scene.worker()]);
    const begun = performance.now();
    const load = Load.start(scene, { clients: RECORDS, writers: WRITERS, rounds: ROUNDS });
    await load.done();
    await scene.drained(240_000);
    const drained = performance.now() - begun;
    const [row] = await scene.sql(`
      WITH done AS (
        SELECT 'entry' AS kind, client_id, id, (metadata ->> 'event_id')::bigint AS event FROM immigration_clientactivity
        UNION ALL
        SELECT 'notice', (meta_info ->> 'client_id')::bigint, id, (meta_info ->> 'event_id')::bigint
        FROM immigration_notification WHERE notification_type LIKE 'CLIENT%'
      ), neighbours AS (
        SELECT event, lag(event) OVER kept AS before, (e.current_state ->> 'last_name')::integer AS change,
          lag((e.current_state ->> 'last_name')::integer) OVER kept AS change_before
        FROM done JOIN immigration_event e ON e.id = event
        WINDOW kept AS (PARTITION BY kind, client_id ORDER BY done.id)
      )
      SELECT count(*) FILTER (WHERE before > event OR change_before > change)::integer AS wrong,
        (SELECT sum(retry_count)::integer FROM immigration_event) AS retries
      FROM neighbours`);
    if (row!.wrong > 0)
      throw new Error(`${row!.wrong} events were handled before an earlier one of their record`);
    return {
      ...(await audit(scene, load)),
      remarks: `${count(RECORDS)} records changed ${ROUNDS * WRITERS} times each by ${WRITERS} writers, ${count(row!.retries)} tries failed; 0 out of the order of the commits; ${seconds(drained)}`,
    };
  });
}
