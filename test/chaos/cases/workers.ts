import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from '../../start/program.js';
import { audit, type CaseResult, count, seconds } from '../audit.js';
import { ASSIGNEES, RULES, Scene } from '../scene.js';
import type { Stage } from '../stage.js';

const CUT_BATCHES = 5;

/** Kills all workers while one is in the middle of a batch, and starts others, again and again. */
export function killedInMidBatch(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(6_000);
    await scene.change();
    let [kills, cut] = [0, 0];
    while (cut < CUT_BATCHES && (await scene.waiting()) > 0) {
      const workers = await Promise.all([scene.worker(), scene.worker()]);
      await scene.until(() => inHand(scene), 20_000, 1);
      await sleep(100 + 400 * Math.random());
      await scene.until(() => inHand(scene), 20_000, 1);
      await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
      kills += workers.length;
      cut += Number(await inHand(scene));
    }
    await scene.worker();
    const drained = await scene.drained();
    const counts = await audit(scene);
    if (cut < CUT_BATCHES) throw new Error(`only ${cut} batches were cut off`);
    return {
      ...counts,
      remarks: `${kills} workers killed, ${cut} batches cut off; the rest took ${seconds(drained)}`,
    };
  });
}

/** Returns whether events are claimed that have no outcome yet. */
async function inHand(scene: Scene): Promise<boolean> {
  return (await scene.sql(`SELECT FROM immigration_event WHERE status = 'PROCESSING' LIMIT 1`)).length > 0;
}

const TAKEOVERS = 3;
const WITHIN_MS = 5_000;

/** Kills the one of two workers that serves the tenant, and measures how long until the other has handled events. */
export function takenOver(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(5_000);
    const workers = [await scene.worker(), await scene.worker()];
    await scene.change();
    const times: number[] = [];
    while (times.length < TAKEOVERS) {
      await sleep(500);
      if ((await scene.waiting()) < 2_000) await scene.change('id <= 1500');
      const serving = await servingWorker(scene, workers);
      await serving.kill('SIGKILL');
      const killed = performance.now();
      await sleep(50); // statements sent before are answered by now
      const left = await scene.waiting();
      await scene.until(async () => (await scene.waiting()) < left, 60_000, 5);
      times.push(performance.now() - killed);
      workers.splice(workers.indexOf(serving), 1, await scene.worker());
    }
    await scene.drained();
    const longest = Math.max(...times);
    if (longest > WITHIN_MS) throw new Error(`it took ${longest} ms until another worker went on`);
    const middle = times.toSorted((a, b) => a - b)[Math.floor(TAKEOVERS / 2)]!;
    return {
      ...(await audit(scene)),
      remarks: `${TAKEOVERS} times; another went on after ${seconds(middle)} (median), ${seconds(longest)} (longest)`,
    };
  });
}

/** Waits until one of these workers holds the tenant's lock, and returns it. */
async function servingWorker(scene: Scene, workers: readonly Program[]): Promise<Program> {
  let found: Program | undefined;
  await scene.until(
    async () => {
      const [row] =
        await scene.sql(`SELECT client_port AS port FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND datname = current_database() AND application_name = 'leopard'`);
      found = row && workers.find(({ pid }) => hasPort(pid, row.port));
      return found !== undefined;
    },
    20_000,
    1,
  );
  return found!;
}

/** Returns whether a process has a connection from this port, according to Linux. */
function hasPort(pid: number, port: number): boolean {
  const hexadecimal = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find(([, local = '']) => local.endsWith(hexadecimal));
  const socket = `socket:[${line?.[9]}]`;
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((file) => {
    try {
      return readlinkSync(`${folder}/${file}`) === socket;
    } catch {
      return false; // closed meanwhile
    }
  });
}

/** Maximum wait: an event that killed its worker several times is retried after a minute at most. */
const LONGEST_WAIT_MS = 100_000;

/** Runs an event whose handler kills its process, which is restarted each time, as a supervisor would. */
export function killedByEvent(stage: Stage): Promise<CaseResult> {
  const program = stage.version({
    'events/handlers/client-activity.js': `
      const { handle, handleMany } = clientActivity;
      const isDeadly = ({ event }) => event.current_state.first_name === 'Client 77' && process.kill(process.pid, 'SIGKILL');
      clientActivity.handle = (work, transaction) => { isDeadly(work); return handle(work, transaction); };
      clientActivity.handleMany = (works, transaction) => { works.some(isDeadly); return handleMany(works, transaction); };`,
  });
  return Scene.play(stage, async (scene) => {
    await scene.addClients(200);
    await scene.sql(
      `UPDATE immigration_client SET assigned_to_id = ${ASSIGNEES[1]}, last_name = '1' WHERE first_name = 'Client 77'`,
    );
    await scene.change("first_name <> 'Client 77'");
    let deaths = 0;
    for (;;) {
      const worker = await scene.worker({ program }).catch(() => null); // it may die before it reports that it runs
      const isDead = () => worker === null || !Program.running.has(worker.pid);
      await scene.until(async () => isDead() || (await scene.waiting()) === 0, LONGEST_WAIT_MS);
      if (!isDead()) break;
      deaths++;
    }
    const counts = await audit(scene, { rules: 1, changes: 1 + RULES * 199, failed: 1 });
    const [row] = await scene.sql(`SELECT error_message FROM immigration_event WHERE status = 'FAILED'`);
    return {
      ...counts,
      remarks: `${deaths} workers died of it, then it was FAILED: "${row?.error_message}"; ${count(counts.events - 1)} others done`,
    };
  });
}
