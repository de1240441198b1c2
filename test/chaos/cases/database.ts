import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../../src/database/database.js';
import { withOwner } from '../../../src/database/owner.js';
import { statement } from '../../../src/database/statement.js';
import { Program } from '../../start/program.js';
import { audit, type CaseResult, count, seconds } from '../audit.js';
import { Load } from '../load.js';
import { Scene } from '../scene.js';
import type { Stage } from '../stage.js';

const LOAD = { clients: 2_000, writers: 4, pause: 3 };

/** Restarts and kills the server, while clients change and events are handled. */
export function serverRestarted(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(LOAD.clients);
    const workers = await Promise.all([scene.worker(), scene.worker()]);
    const load = Load.start(scene, LOAD);
    const gaps: number[] = [];
    for (const how of [
      'restartPostgres',
      'killPostgres',
      'killPostgres',
      'restartPostgres',
      'killPostgres',
    ] as const) {
      await sleep(2_500);
      await stage[how]();
      gaps.push(await untilHandled(scene));
    }
    await load.stop();
    const drained = await scene.drained();
    if (workers.some(({ pid }) => !Program.running.has(pid)))
      throw new Error('a worker has ended with the database');
    const counts = await audit(scene, load);
    return {
      ...counts,
      remarks: `2 restarts, 3 × kill -9 of all its processes; ${count(load.failures)} changes without an answer; a new event was handled, after those that waited, ${seconds(Math.max(...gaps))} after it was back at most; drained ${seconds(drained)} after the end`,
    };
  });
}

/** Returns the milliseconds until an event made from now on is handled. */
async function untilHandled(scene: Scene): Promise<number> {
  const newest = 'SELECT coalesce(max(id), 0) FROM immigration_event';
  const before = await scene.number(newest);
  return await scene.until(
    async () =>
      (await scene.number(`SELECT count(*) FROM immigration_event WHERE id > $1 AND status = 'COMPLETED'`, [
        before,
      ])) > 0,
    60_000,
  );
}

/** Cuts connections of writers and workers at random. */
export function connectionsCut(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(LOAD.clients);
    await Promise.all([scene.worker(), scene.worker()]);
    const load = Load.start(scene, LOAD);
    let cut = 0;
    for (const until = performance.now() + 12_000; performance.now() < until; await sleep(30)) {
      cut += await scene.number(`SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'leopard_app'
        ORDER BY random() LIMIT 1) any_one`);
    }
    await load.stop();
    const drained = await scene.drained();
    return {
      ...(await audit(scene, load)),
      remarks: `${count(cut)} connections cut in 12 s; ${count(load.failures)} changes without an answer; drained ${seconds(drained)} after the end`,
    };
  });
}

const OUTAGE_MS = 15_000;

/** Cuts every connection of the workers, again and again for a while; none of their events is the cause. */
export function connectionsCutForAWhile(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(100);
    await Promise.all([scene.worker(), scene.worker()]);
    await scene.change();
    let cut = 0;
    for (const until = performance.now() + OUTAGE_MS; performance.now() < until; await sleep(5)) {
      cut += await scene.number(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'leopard_app' AND query NOT LIKE '%claim_events%'`);
    }
    const drained = await scene.drained();
    return {
      ...(await audit(scene, { changes: 100 })),
      remarks: `${count(cut)} connections cut in ${seconds(OUTAGE_MS)}; all done ${seconds(drained)} after the end, none FAILED`,
    };
  });
}

const FULL_MS = 6_000;

/** Takes every connection of the server, after the workers have lost theirs. */
export function noConnectionLeft(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(LOAD.clients);
    await Promise.all([scene.worker(), scene.worker()]);
    const load = Load.start(scene, LOAD);
    await sleep(1_000);
    const limit = await scene.number('SHOW max_connections');
    const hog = new Database(scene.app, { size: limit });
    const refusals = await withOwner(scene.admin, async (client) => {
      const fill = () =>
        Promise.allSettled(
          Array.from({ length: limit }, () =>
            hog.publicQuery(statement(`SELECT pg_sleep(${FULL_MS / 1000})`)),
          ),
        );
      const filled = fill();
      await sleep(1_500);
      await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'leopard' AND query NOT LIKE '%pg_sleep%'`);
      const again = fill(); // whatever became free
      await Promise.all([filled, again]);
      return (await filled).filter(({ status }) => status === 'rejected').length;
    });
    await hog.close();
    const back = await untilHandled(scene);
    await load.stop();
    await scene.drained();
    return {
      ...(await audit(scene, load)),
      remarks: `all ${limit} connections taken for about ${seconds(FULL_MS)}, ${refusals} more refused; ${count(load.failures)} changes without an answer; events handled again after ${seconds(back)}`,
    };
  });
}

/** Leaves a transaction open: it locks records, keeps VACUUM from its work, and commits changes late. */
export function transactionLeftOpen(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    const { open } = stage.durations;
    await scene.addClients(2_000);
    await scene.change('id <= 20'); // their events wait while their records are locked
    const opened = new AbortController();
    const released = once(opened.signal, 'abort');
    const held = withOwner(scene.admin, async (client) => {
      await client.query('SET search_path TO tenant_main; BEGIN');
      await client.query('SELECT FROM immigration_client WHERE id <= 20 FOR UPDATE');
      await client.query(
        `UPDATE immigration_client SET stage = 'CLOSE', assigned_to_id = NULL, last_name = '1' WHERE id BETWEEN 21 AND 40`,
      );
      await client.query('UPDATE immigration_client SET assigned_to_id = 6 WHERE id BETWEEN 21 AND 40');
      await released;
      await client.query('COMMIT');
    });
    held.catch(() => undefined); // waited for below, unless something else fails first
    await sleep(500);
    await Promise.all([scene.worker(), scene.worker()]);
    const handled: number[] = [];
    const end = performance.now() + open * 1000;
    let others = 0;
    while (performance.now() < end) {
      const begun = performance.now();
      await scene.change(`id BETWEEN ${41 + 20 * (others % 97)} AND ${60 + 20 * (others % 97)}`);
      others++;
      await scene.until(async () => (await scene.waiting()) <= 40, 30_000, 5);
      handled.push(performance.now() - begun);
      await sleep(200);
    }
    const stillWaiting = await scene.waiting();
    opened.abort();
    await held;
    const drained = await scene.drained(60_000);
    const retries = await scene.number('SELECT sum(retry_count) FROM immigration_event');
    if (stillWaiting !== 40 || retries > 0)
      throw new Error(`of 40 held events ${stillWaiting} waited; ${retries} tries were counted`);
    // Of the 20 records changed late: unassigned, assigned again, and the stage; unassigning notifies nobody.
    const late = 3 * 20;
    const changes = await scene.number(
      'SELECT sum(last_name::integer) FROM immigration_client WHERE id NOT BETWEEN 21 AND 40',
    );
    const counts = await audit(scene, { both: false, rules: 1, changes: 2 * changes + late });
    const slowest = seconds(Math.max(...handled.slice(1)));
    return {
      ...counts,
      remarks: `open for ${open} s; ${stillWaiting} events of held records waited, without a try counted, and were done ${seconds(drained)} after; of the others, 40 at a time, the first took ${seconds(handled[0]!)}, each of the later ${slowest} at most`,
    };
  });
}
