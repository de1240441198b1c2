import { setTimeout as sleep } from 'node:timers/promises';
import { audit, type CaseResult, count, seconds, sum } from '../audit.js';
import { RULES, Scene } from '../scene.js';
import type { Stage } from '../stage.js';

const EVERY_MS = 100;
const TIMES = 1.5;
const CLIENTS = 10_000;
const HEAD_START = 2_000;

/** Sends one and a half times as many events as a permanently busy worker can handle. */
export function overload(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(CLIENTS);
    await scene.addClients(1, 'tenant_demo');
    const change = changer(scene);
    const before = await change(HEAD_START / RULES);
    await scene.worker();
    await scene.until(async () => (await scene.waiting()) < before);
    const begun = performance.now();
    const end = begun + stage.durations.overload * 1000;
    const left = await scene.waiting();
    let waiting = left;
    let [made, handled, other] = [0, 0, 0];
    for (let at = begun; at < end; at = performance.now()) {
      made += await change((TIMES * handled - made) / RULES);
      if (other === 0 && at > (begun + end) / 2) {
        await scene.change('true', 'tenant_demo');
        other = await scene.drained(60_000, 'tenant_demo');
      }
      await sleep(Math.max(0, at + EVERY_MS - performance.now()));
      waiting = await scene.waiting();
      handled = left + made - waiting;
      if (waiting === 0) throw new Error('the worker was without work');
    }
    const perSecond = 1000 / (performance.now() - begun);
    const drained = await scene.drained(300_000);
    return {
      ...sum(await audit(scene), await audit(scene, { schema: 'tenant_demo' })),
      remarks: `for ${stage.durations.overload} s ${count(made * perSecond)}/s came in and ${count(handled * perSecond)}/s were handled; ${count(waiting)} waited then, drained in ${seconds(drained)}; another tenant's events took ${seconds(other)} in the middle`,
    };
  });
}

/** Returns a function that changes a number of clients in turn, and returns how many events that made. */
function changer(scene: Scene): (clients: number) => Promise<number> {
  let next = 1;
  return async (clients) => {
    const wanted = Math.min(CLIENTS, Math.floor(clients));
    if (wanted <= 0) return 0;
    const from = next + wanted > CLIENTS + 1 ? 1 : next;
    next = from + wanted;
    await scene.change(`id >= ${from} AND id < ${next}`);
    return RULES * wanted;
  };
}

const WAITING = 100_000;
const TRIES = 5;

/** Gives one tenant very many waiting events, and another one a single event. */
export function fairness(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(WAITING / RULES);
    await scene.addClients(1, 'tenant_demo');
    await scene.change();
    const waiting = await scene.waiting();
    const begun = performance.now();
    await scene.worker();
    await scene.until(async () => (await scene.waiting()) < waiting);
    const times: number[] = [];
    const query = `SELECT extract(epoch FROM processed_at - created_at)::float8 * 1000 FROM immigration_event ORDER BY id DESC LIMIT 1`;
    for (let n = 0; n < TRIES; n++) {
      await scene.change('true', 'tenant_demo');
      await scene.drained(60_000, 'tenant_demo');
      times.push(await scene.number(query, [], 'tenant_demo'));
      await sleep(300);
    }
    const stillWaiting = await scene.waiting();
    if (stillWaiting < WAITING / 2) throw new Error(`only ${stillWaiting} were waiting in the end`);
    await scene.drained(300_000);
    return {
      ...sum(await audit(scene), await audit(scene, { schema: 'tenant_demo' })),
      remarks: `${count(waiting)} events waiting: another tenant's two were handled after ${times.map((time) => Math.round(time)).join(', ')} ms; all after ${seconds(performance.now() - begun)}`,
    };
  });
}
